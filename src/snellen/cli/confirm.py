"""`snellen confirm`: put the causes of a faulty training to the proof."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snellen.cli.engine import ENGINE, JOBS, EngineName, engine
from snellen.cli.exit_status import USAGE
from snellen.cli.options import JSON, QUIET

if TYPE_CHECKING:
    from snellen.causes import Case, Cause
    from snellen.trials.engines import Engine
    from snellen.trials.process import Workplace
    from snellen.trials.trial import Done

UNITS = {"s": 1, "m": 60, "h": 3600}


def confirm(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="RUN_FILE|SCRIPT",
            help="A run file (*.snellen), or a script to be watched first.",
            show_default=False,
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGS", help="Passed on to the script.", show_default=False),
    ] = None,
    budget: Annotated[
        str, typer.Option("--budget", metavar="TIME", help="At most so long: 90s, 5m, 1h.")
    ] = "5m",
    jobs: Annotated[int | None, JOBS] = None,
    where: Annotated[EngineName, ENGINE] = EngineName.LOCAL,
    cause: Annotated[
        list[str] | None,
        typer.Option("--cause", metavar="CAUSE", help="Only these, by code or name. Repeatable."),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="Run in the script's own directory, and let it overwrite what it writes.",
        ),
    ] = False,
    json: Annotated[Path | None, JSON] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Run the script again under one change at a time, and say which cause is proved.

    Each trial is a training in a process and a directory of its own, paired over seeds with the
    unchanged script. What came of them is added to the run file, so that a second call goes on
    where the first was ended.
    """
    from snellen.cli.judging import judged
    from snellen.cli.tried import tried
    from snellen.cli.verdict import give_verdict
    from snellen.diagnosis import cases, diagnose, suspects
    from snellen.record import RunFileError, read
    from snellen.settings import Settings, resolve
    from snellen.symptoms import outcomes

    seconds = _seconds(budget)
    run_file = target if target.suffix == ".snellen" else _watched(target, arguments or [])
    contents = read(run_file)
    verdicts = judged(contents, Settings())
    endings = outcomes(contents)
    diagnoses = diagnose(contents, verdicts.everything, endings)
    needed = [
        case
        for case, told in zip(cases(contents, verdicts.everything, endings), diagnoses, strict=True)
        if told.needed
    ]
    if not needed:
        typer.echo(
            "snellen: nothing to explain in this run, so there is nothing to prove", err=True
        )
    else:
        case = needed[0]
        causes = _chosen(cause, suspects(case))
        workplace = _workplace(contents.manifest, case, in_place=in_place)
        try:
            with engine(where, jobs) as at:
                ended = _run(case, causes, workplace, at, seconds, tried(run_file), run_file)
            _say_ending(ended, budget)
        except KeyboardInterrupt:
            typer.echo(
                "snellen: stopped; what was tried is kept, the same command goes on", err=True
            )
        except RunFileError as error:
            typer.echo(f"snellen: {error}", err=True)
            raise typer.Exit(USAGE) from error
    settings = resolve({"json": json, "quiet": quiet or None}, os.environ, Path.cwd())
    give_verdict(run_file, settings, sys.stdout, shown=str(run_file))


def _run(
    case: Case,
    causes: list[tuple[type[Cause], float]],
    workplace: Workplace,
    at: Engine,
    seconds: float,
    known: list[Done],
    run_file: Path,
) -> str:
    """Make the trials under a bar that says how long they will take; each is kept in the run file
    at once."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from snellen.diagnosis.confirming import Step, confirm
    from snellen.record import store_trial

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

        _, ended = confirm(
            case,
            causes,
            workplace,
            at,
            budget_seconds=seconds,
            clock=time.monotonic,
            known=known,
            keep=lambda done: store_trial(run_file, done.to_json()),
            tell=tell,
        )
    return ended


def _say_ending(ended: str, budget: str) -> None:
    if ended == "budget":
        typer.echo(f"snellen: the {budget} are spent; the same command goes on", err=True)
    if ended == "no trial":
        typer.echo("snellen: no change that snellen can make decides these causes", err=True)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None or float(found[1]) <= 0:
        typer.echo(f"snellen: --budget {text!r} is no time; give seconds, or 90s, 5m, 1h", err=True)
        raise typer.Exit(USAGE)
    return float(found[1]) * UNITS[found[2] or "s"]


def _watched(script: Path, arguments: list[str]) -> Path:
    """The run file of watching this script first, in a process of its own."""
    if not script.exists():
        typer.echo(f"snellen: no run file and no script {str(script)!r}", err=True)
        raise typer.Exit(USAGE)
    before = set(Path.cwd().glob("*.snellen"))
    command = [sys.executable, "-m", "snellen", "run", "--quiet", str(script), *arguments]
    done = subprocess.run(command, check=False)
    made = sorted(set(Path.cwd().glob("*.snellen")) - before, key=lambda path: path.stat().st_mtime)
    if not made:
        typer.echo(
            f"snellen: watching {script} left no run file (exit status {done.returncode})", err=True
        )
        raise typer.Exit(USAGE)
    return made[-1]


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


def _workplace(manifest: Any, case: Case, *, in_place: bool) -> Workplace:
    from snellen.trials.process import Workplace
    from snellen.trials.trial import Invocation

    directory = manifest.get("directory")
    if directory is None:
        typer.echo(
            "snellen: this run file does not say where its script was run (an older release, or "
            "`snellen.watch`); watch the script again with `snellen run`",
            err=True,
        )
        raise typer.Exit(USAGE)
    module = manifest.get("module") is True
    target = str(manifest["script"])
    if not module:
        target = str((Path(directory) / target).resolve())
        if not Path(target).exists():
            typer.echo(f"snellen: the script {target} is no longer there", err=True)
            raise typer.Exit(USAGE)
    invocation = Invocation(
        target, tuple(manifest.get("argv", ())), module, directory, case.framework
    )
    backend = case.subject.framework.partition("-")[2]
    return Workplace(invocation, case.subject.name, in_place, backend=backend)
