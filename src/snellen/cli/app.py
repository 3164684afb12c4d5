"""The `snellen` command: its subcommands, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from snellen.cli import (
    baseline,
    causes,
    compare,
    confirm,
    demo,
    explain,
    fix,
    report,
    run,
    symptoms,
    trial,
)
from snellen.cli.exit_status import USAGE
from snellen.core import SnellenError

app = typer.Typer(
    name="snellen",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: laying it out with rich takes longer than everything else together.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="An eye test for convolutional networks: finds the faulty feature maps of a training "
    "and says why.",
)
# Everything after SCRIPT belongs to the script, `--help` included.
app.command("run", context_settings={"allow_interspersed_args": False})(run.run)
app.command("report")(report.report)
app.command("baseline")(baseline.baseline)
app.command("confirm", context_settings={"allow_interspersed_args": False})(confirm.confirm)
app.command("fix", context_settings={"allow_interspersed_args": False})(fix.fix)
app.command("compare")(compare.compare)
app.command("demo")(demo.demo)
app.command("symptoms")(symptoms.symptoms)
app.command("causes")(causes.causes)
app.command("explain")(explain.explain)
app.command("trial", hidden=True)(trial.trial)


def show_version(wanted: bool) -> None:
    if not wanted:
        return
    from snellen.cli.version import version_text

    typer.echo(version_text())
    raise typer.Exit


@app.callback()
def snellen(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=show_version,
            is_eager=True,
            help="Show the version and which kernel measures the maps.",
        ),
    ] = False,
) -> None:
    """Options that belong to no command."""


def main() -> None:
    """Run the command line. Always ends in `SystemExit`, or as the user's script ended."""
    # A user's script runs after the parser has returned, not inside it: the parser has its own
    # ideas about Ctrl-C and broken pipes, and its frames would stand in the script's tracebacks.
    tasks: list[Callable[[], None]] = []
    try:
        try:
            typer.main.get_command(app).main(prog_name="snellen", obj=tasks)
        except SystemExit as end:
            if end.code or not tasks:
                raise
        for task in tasks:
            task()
    except SnellenError as error:
        print(f"snellen: {error}", file=sys.stderr)
        sys.exit(USAGE)
