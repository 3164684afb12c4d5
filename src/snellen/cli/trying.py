"""What `snellen confirm` and `snellen fix` share: a run to try again, and a bar meanwhile."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.engine import EngineName, engine
from snellen.cli.exit_status import USAGE

if TYPE_CHECKING:
    from collections.abc import Generator

    from snellen.diagnosis.trying import Means
    from snellen.trials.process import Workplace
    from snellen.trials.trial import Done

UNITS = {"s": 1, "m": 60, "h": 3600}

TARGET = Annotated[
    Path,
    typer.Argument(
        metavar="RUN_FILE|SCRIPT",
        help="A run file (*.snellen), or a script to be watched first.",
        show_default=False,
    ),
]
ARGUMENTS = Annotated[
    list[str] | None,
    typer.Argument(metavar="ARGS", help="Passed on to the script.", show_default=False),
]
BUDGET = Annotated[
    str, typer.Option("--budget", metavar="TIME", help="At most so long: 90s, 5m, 1h.")
]
JOBS = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Trials side by side (default: cores)."),
]
IN_PLACE = Annotated[
    bool,
    typer.Option(
        "--in-place",
        help="Run in the script's own directory, and let it overwrite what it writes.",
    ),
]


def budget_seconds(text: str) -> float:
    """Ends the command where it is no time."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None or float(found[1]) <= 0:
        typer.echo(f"snellen: --budget {text!r} is no time; give seconds, or 90s, 5m, 1h", err=True)
        raise typer.Exit(USAGE)
    return float(found[1]) * UNITS[found[2] or "s"]


def run_file_of(target: Path, arguments: list[str] | None) -> Path:
    """The run file itself, or that of watching the script first, in a process of its own."""
    if target.suffix == ".snellen":
        return target
    if not target.exists():
        typer.echo(f"snellen: no run file and no script {str(target)!r}", err=True)
        raise typer.Exit(USAGE)
    before = set(Path.cwd().glob("*.snellen"))
    command = [sys.executable, "-m", "snellen", "run", "--quiet", str(target), *(arguments or [])]
    done = subprocess.run(command, check=False)
    made = sorted(set(Path.cwd().glob("*.snellen")) - before, key=lambda path: path.stat().st_mtime)
    if not made:
        typer.echo(
            f"snellen: watching {target} left no run file (exit status {done.returncode})", err=True
        )
        raise typer.Exit(USAGE)
    return made[-1]


@contextmanager
def means_with_a_bar(
    workplace: Workplace,
    name: EngineName,
    jobs: int | None,
    seconds: float,
    keep: Callable[[Done], None],
) -> Generator[Means]:
    """Trials under a bar that says how long they will take."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from snellen.diagnosis.trying import Means, Step

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("trials", total=None, told="the unchanged script")

        def tell(step: Step) -> None:
            told = f"{step.done.trial.arm}, about {step.seconds_left:.0f} s left"
            progress.update(bar, completed=step.finished, total=step.known, told=told)
            if step.done.error:
                # Markup off: what a script says may hold brackets.
                console.print(
                    f"{step.done.trial.name}: {step.done.ended}: {step.done.error}",
                    markup=False,
                    highlight=False,
                )

        with engine(name, jobs) as at:
            yield Means(workplace, at, seconds, time.monotonic, keep, tell)


def say_spent(budget: str) -> None:
    typer.echo(f"snellen: the {budget} are spent; the same command goes on", err=True)
