"""`snellen baseline`: accept the findings of a run, so that only new ones are shown."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.options import IGNORE, SELECT, SET, STRICTNESS, Level, judging


def baseline(
    file: Annotated[Path, typer.Argument(help="A run file (*.snellen).", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="The baseline file to write.")
    ] = Path("snellen-baseline.json"),
    select: Annotated[list[str] | None, SELECT] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    strictness: Annotated[Level | None, STRICTNESS] = None,
    thresholds: Annotated[list[str] | None, SET] = None,
) -> None:
    """Accept every finding of the run FILE.

    Give the file that this writes as `--baseline` (or `baseline` in `[tool.snellen]`): from then on
    a finding is shown, and counts for `--fail-on`, only where it is new or has become worse.
    """
    from snellen.cli.judging import judged
    from snellen.record import read
    from snellen.settings import resolve
    from snellen.symptoms import Baseline

    settings = resolve(judging(select, ignore, strictness, thresholds), os.environ, Path.cwd())
    # A baseline that holds already would hide what is to be accepted.
    accepted = Baseline.of(judged(read(file), replace(settings, baseline=None)).shown)
    accepted.write(output)
    count = len(accepted.accepted)
    typer.echo(f"{count} finding{'' if count == 1 else 's'} accepted in {output}")
