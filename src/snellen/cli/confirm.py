"""`snellen confirm`: put the causes of a faulty training to the proof."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.engine import ENGINE, EngineName
from snellen.cli.exit_status import USAGE
from snellen.cli.options import JSON, QUIET
from snellen.cli.trying import (
    ARGUMENTS,
    BUDGET,
    IN_PLACE,
    JOBS,
    TARGET,
    budget_seconds,
    means_with_a_bar,
    run_file_of,
    say_spent,
)

if TYPE_CHECKING:
    from snellen.causes import Cause


def confirm(
    target: TARGET,
    arguments: ARGUMENTS = None,
    budget: BUDGET = "5m",
    jobs: JOBS = None,
    engine: ENGINE = EngineName.LOCAL,
    cause: Annotated[
        list[str] | None,
        typer.Option("--cause", metavar="CAUSE", help="Only these, by code or name. Repeatable."),
    ] = None,
    in_place: IN_PLACE = False,
    json: Annotated[Path | None, JSON] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Run the script again under one change at a time, and say which cause is proved.

    Each trial is a training in a process and a directory of its own, paired over seeds with the
    unchanged script. What came of them is added to the run file, so that a second call goes on
    where the first was ended.
    """
    from snellen.cli.verdict import give_verdict
    from snellen.diagnosis import suspects
    from snellen.diagnosis.again import to_explain
    from snellen.diagnosis.confirming import confirm as prove
    from snellen.diagnosis.tried import tried
    from snellen.record import RunFileError, store_trial
    from snellen.settings import resolve

    seconds = budget_seconds(budget)
    run_file = run_file_of(target, arguments)
    found = to_explain(run_file)
    if found is None:
        typer.echo(
            "snellen: nothing to explain in this run, so there is nothing to prove", err=True
        )
    else:
        case = found.case
        causes = _chosen(cause, suspects(case))
        workplace = found.workplace(in_place=in_place)
        try:
            with means_with_a_bar(
                workplace, engine, jobs, seconds, lambda done: store_trial(run_file, done.to_json())
            ) as means:
                _, ended = prove(case, causes, means, known=tried(run_file))
            if ended == "budget":
                say_spent(budget)
            if ended == "no trial":
                typer.echo(
                    "snellen: no change that snellen can make decides these causes", err=True
                )
        except KeyboardInterrupt:
            typer.echo(
                "snellen: stopped; what was tried is kept, the same command goes on", err=True
            )
        except RunFileError as error:
            typer.echo(f"snellen: {error}", err=True)
            raise typer.Exit(USAGE) from error
    settings = resolve({"json": json, "quiet": quiet or None}, os.environ, Path.cwd())
    give_verdict(run_file, settings, sys.stdout, shown=str(run_file))


def _chosen(
    names: list[str] | None, causes: list[tuple[type[Cause], float]]
) -> list[tuple[type[Cause], float]]:
    if not names:
        return causes
    chosen = [told for told in causes if {told[0].code, told[0].name} & set(names)]
    unknown = {n for n in names if not any(n in (c.code, c.name) for c, _ in causes)}
    if unknown:
        typer.echo(
            f"snellen: no such cause: {', '.join(sorted(unknown))}; `snellen causes` lists them",
            err=True,
        )
        raise typer.Exit(USAGE)
    return chosen
