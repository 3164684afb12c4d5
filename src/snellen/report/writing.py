"""Puts a report where the user wants it."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from snellen.report.errors import ReportError


def write_text(text: str, path: Path, what: str, standard_output: TextIO) -> None:
    """Write to `path`, or to `standard_output` when that is `-`.

    Raises `ReportError`, which names `what` it is, when the file can't be written.
    """
    if str(path) == "-":
        standard_output.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"the {what} could not be written to {path}: {error.strerror}") from error
