"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer


class FailOn(StrEnum):
    """The least severe finding that fails a command."""

    WARNING = "warning"
    ERROR = "error"


class Level(StrEnum):
    """As `snellen.core.Strictness`, which the parser need not load."""

    LENIENT = "lenient"
    NORMAL = "normal"
    STRICT = "strict"


JSON = typer.Option("--json", metavar="PATH", help="Write the verdicts to PATH as JSON too.")
HTML = typer.Option(
    "--html", metavar="PATH", help="Write the report page to PATH: one file for any browser."
)
SARIF = typer.Option(
    "--sarif", metavar="PATH", help="Write the findings to PATH as SARIF, for code hosts."
)
JUNIT = typer.Option(
    "--junit", metavar="PATH", help="Write the verdicts to PATH as JUnit XML, for build servers."
)
FAIL_ON = typer.Option(
    "--fail-on",
    help="End with status 3 if there is a finding this severe (and the script itself succeeded).",
)
RUN_FILE = typer.Option(
    "--run-file", metavar="PATH", help="The new run file, or a directory to put it into."
)
QUIET = typer.Option("--quiet", "-q", help="Show no verdict card.")
SELECT = typer.Option(
    "--select", metavar="SYMPTOM", help="Judge only this code, name or family. Repeatable."
)
IGNORE = typer.Option(
    "--ignore", metavar="SYMPTOM", help="Leave out this code, name or family. Repeatable."
)
STRICTNESS = typer.Option(
    "--strictness", help="How many false alarms to put up with (default normal)."
)
SET = typer.Option(
    "--set",
    metavar="SYMPTOM.THRESHOLD=NUMBER",
    help="Another threshold: dead-channels.max-share=0.5. Repeatable.",
)
BASELINE = typer.Option(
    "--baseline",
    metavar="PATH",
    help="Show only findings that `snellen baseline` has not accepted.",
)


def judging(
    select: list[str] | None,
    ignore: list[str] | None,
    strictness: Level | None,
    thresholds: list[str] | None,
    baseline: Path | None = None,
) -> dict[str, Any]:
    """What these options gave, by the names of `Settings`; `None`: not given."""
    return {
        "select": tuple(select) if select else None,
        "ignore": tuple(ignore) if ignore else None,
        "strictness": str(strictness) if strictness else None,
        "thresholds": ",".join(thresholds) if thresholds else None,
        "baseline": baseline,
    }
