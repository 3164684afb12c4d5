"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum

import typer


class FailOn(StrEnum):
    """The least severe finding that fails a command."""

    WARNING = "warning"
    ERROR = "error"


JSON = typer.Option("--json", metavar="PATH", help="Write the verdicts to PATH as JSON too.")
FAIL_ON = typer.Option(
    "--fail-on",
    help="End with status 3 if there is a finding this severe (and the script itself succeeded).",
)
RUN_FILE = typer.Option(
    "--run-file", metavar="PATH", help="The new run file, or a directory to put it into."
)
QUIET = typer.Option("--quiet", "-q", help="Show no verdict card.")
