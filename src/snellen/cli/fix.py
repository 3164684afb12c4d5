"""`snellen fix`: try the remedies, and say which one helps most."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.engine import ENGINE, EngineName
from snellen.cli.exit_status import NOT_MENDED, USAGE
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
    from snellen.causes import Case
    from snellen.diagnosis import Diagnosis
    from snellen.diagnosis.fixing import Source
    from snellen.trials.course import Course, Judged
    from snellen.trials.trial import Done


def fix(
    target: TARGET,
    arguments: ARGUMENTS = None,
    budget: BUDGET = "5m",
    jobs: JOBS = None,
    engine: ENGINE = EngineName.LOCAL,
    in_place: IN_PLACE = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the change of the script there, as a diff.",
        ),
    ] = None,
    json: Annotated[Path | None, JSON] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Train with each remedy beside the unchanged script, and show the one that helps most.

    Your files stay as they are: a remedy is tried in a copy, and the change is printed, for
    `git apply` or `patch -p1` with --output. Ends with status 4 where nothing surely helps.
    """
    from snellen.cli.places import require_place
    from snellen.cli.verdict import give_verdict
    from snellen.diagnosis.again import to_explain
    from snellen.diagnosis.fixing import fix as mend
    from snellen.diagnosis.fixing import source
    from snellen.diagnosis.pairing import paired
    from snellen.diagnosis.tried import plan_of, tried
    from snellen.diagnosis.trying import length_for
    from snellen.record import RunFileError, store_fix, store_trial
    from snellen.report.terminal import print_mended
    from snellen.settings import resolve

    seconds = budget_seconds(budget)
    require_place(output, "--output")
    require_place(json, "--json")
    run_file = run_file_of(target, arguments)
    found = to_explain(run_file)
    if found is None:
        typer.echo("snellen: nothing to explain in this run, so there is nothing to mend", err=True)
        return
    case, diagnosis = found.case, found.diagnosis
    latest: Course | None = None
    workplace = found.workplace(in_place=in_place)
    try:
        with means_with_a_bar(
            workplace, engine, jobs, seconds, lambda done: store_trial(run_file, done.to_json())
        ) as means:
            script, steps = source(workplace), length_for(case, means)
            course: Course | None = _course(case, diagnosis, script, tried(run_file), steps)
            began, ended = means.clock(), ""
            while course is not None and ended != "budget":
                latest = course
                store_fix(run_file, plan_of(course))
                left = seconds - (means.clock() - began)
                own = replace(means, budget_seconds=left)
                done, ended = mend(case, course, own, known=tried(run_file))
                course = paired(course, done, script)
        if ended == "budget":
            say_spent(budget)
    except KeyboardInterrupt:
        typer.echo("snellen: stopped; what was tried is kept, the same command goes on", err=True)
    except RunFileError as error:
        typer.echo(f"snellen: {error}", err=True)
        raise typer.Exit(USAGE) from error
    settings = resolve({"json": json, "quiet": quiet or None}, os.environ, Path.cwd())
    card = sys.stderr if str(settings.json) == "-" else sys.stdout
    give_verdict(run_file, settings, card, shown=str(run_file), show=print_mended)
    best = latest.best(tried(run_file)) if latest is not None else None
    if best is None:
        raise typer.Exit(NOT_MENDED)
    if output is not None:
        _write(best, output)


def _course(
    case: Case,
    diagnosis: Diagnosis,
    script: Source,
    known: list[Done],
    steps: int | None,
) -> Course:
    """The remedies to try, by all that is known of the causes."""
    from snellen.diagnosis import suspects
    from snellen.diagnosis.fixing import treatments
    from snellen.trials.course import Course
    from snellen.trials.proof import Ruling, prove

    believed = suspects(case)
    refuted = {p.cause for p in prove(believed, case, known) if p.ruling is Ruling.REFUTED}
    open_ = [told for told in believed if told[0] not in refuted]
    every = treatments(case, diagnosis, open_, script, whole=steps is None)
    return Course(case, every, steps)


def _write(best: Judged, output: Path) -> None:
    if best.way is None or not best.way.diff:
        why = best.treatment.unedited or "the edited script failed"
        typer.echo(f"snellen: no {output}: the change is to be written by hand: {why}", err=True)
        return
    try:
        output.write_text(best.way.diff, encoding="utf-8", newline="")
    except OSError as error:
        typer.echo(f"snellen: {output} could not be written: {error.strerror}", err=True)
        raise typer.Exit(USAGE) from error
