"""`snellen compare`: what got better between two runs, or two steps of one, and what got worse."""

from __future__ import annotations

import json as encoding
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.exit_status import FINDINGS, USAGE
from snellen.cli.options import IGNORE, QUIET, SELECT, SET, STRICTNESS, Level, judging

if TYPE_CHECKING:
    from snellen.report.document import Document
    from snellen.settings import Settings


class Regression(StrEnum):
    """What fails the command."""

    REGRESSION = "regression"


def compare(
    before: Annotated[Path, typer.Argument(help="A run file (*.snellen).", show_default=False)],
    after: Annotated[
        Path | None,
        typer.Argument(help="Another; left out, two steps of the first.", show_default=False),
    ] = None,
    at: Annotated[
        list[int] | None,
        typer.Option(
            "--at",
            metavar="STEP",
            min=1,
            help="As it stood after so many steps: given twice for one run; once for both of two, "
            "or twice, for each.",
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write JSON there; - for stdout.")
    ] = None,
    select: Annotated[list[str] | None, SELECT] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    strictness: Annotated[Level | None, STRICTNESS] = None,
    thresholds: Annotated[list[str] | None, SET] = None,
    fail_on: Annotated[
        Regression | None,
        typer.Option(
            "--fail-on",
            help="End with status 3 where a warning or an error is new, or one run came to nothing "
            "and the other had not.",
        ),
    ] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Compare two runs, or two steps of one, finding by finding and layer by layer.

    A run as it stood at a step is judged by what had been seen until then.
    """
    from snellen.report.comparing import json_of_comparison, print_comparison
    from snellen.report.comparison import compared
    from snellen.report.writing import write_text
    from snellen.settings import resolve

    steps = _steps(at or [], two=after is not None)
    settings = resolve(
        judging(select, ignore, strictness, thresholds, None), os.environ, Path.cwd()
    )
    places = (before, after or before)
    documents = [
        _document(place, step, settings) for place, step in zip(places, steps, strict=True)
    ]
    names = (_name(places[0], steps[0]), _name(places[1], steps[1]))
    found = compared(*documents)
    if json is not None:
        text = encoding.dumps(json_of_comparison(found, names), indent=2, allow_nan=False) + "\n"
        write_text(text, json, "JSON", sys.stdout)
    if not quiet:
        print_comparison(found, names, sys.stderr if str(json) == "-" else sys.stdout)
    if fail_on is not None and any(comparison.regressed for comparison in found):
        raise typer.Exit(FINDINGS)


def _steps(given: list[int], *, two: bool) -> tuple[int | None, int | None]:
    """Of the two, the steps they stand at; `None`: at the end."""
    if len(given) == 2:
        return given[0], given[1]
    if two and len(given) < 2:
        step = given[0] if given else None
        return step, step
    typer.echo(
        f"snellen: {len(given)} steps were given; two runs take up to two (--at STEP), and one run "
        "takes two to be compared at: --at 100 --at 400",
        err=True,
    )
    raise typer.Exit(USAGE)


def _document(place: Path, step: int | None, settings: Settings) -> Document:
    from snellen.cli.judging import judged
    from snellen.diagnosis import diagnose
    from snellen.record import read, until
    from snellen.report.document import document_of
    from snellen.symptoms import outcomes

    contents = read(place)
    if step is not None:
        contents = until(contents, step)
    verdicts = judged(contents, settings)
    endings = outcomes(contents, settings.strictness)
    return document_of(
        contents,
        verdicts.shown,
        endings,
        file=str(place),
        accepted=verdicts.accepted,
        diagnoses=diagnose(contents, verdicts.everything, endings),
    )


def _name(place: Path, step: int | None) -> str:
    return str(place) if step is None else f"{place} at step {step}"
