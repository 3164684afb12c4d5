"""`snellen report`: the verdict again, from a run file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.exit_status import FINDINGS
from snellen.cli.options import (
    BASELINE,
    FAIL_ON,
    IGNORE,
    JSON,
    QUIET,
    SELECT,
    SET,
    STRICTNESS,
    FailOn,
    Level,
    judging,
)


def report(
    file: Annotated[Path, typer.Argument(help="A run file (*.snellen).", show_default=False)],
    json: Annotated[Path | None, JSON] = None,
    select: Annotated[list[str] | None, SELECT] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    strictness: Annotated[Level | None, STRICTNESS] = None,
    thresholds: Annotated[list[str] | None, SET] = None,
    baseline: Annotated[Path | None, BASELINE] = None,
    fail_on: Annotated[FailOn | None, FAIL_ON] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Judge a run again from its FILE; needs no framework.

    The card goes to standard output. With `--json -` the JSON goes there, and the card to standard
    error.
    """
    from snellen.cli.verdict import give_verdict
    from snellen.settings import resolve

    given = {"json": json, "fail_on": fail_on, "quiet": quiet or None}
    given |= judging(select, ignore, strictness, thresholds, baseline)
    settings = resolve(given, os.environ, Path.cwd())
    card = sys.stderr if str(settings.json) == "-" else sys.stdout
    if give_verdict(file, settings, card, shown=str(file)):
        raise typer.Exit(FINDINGS)
