"""How it stands with a run, in a word."""

from __future__ import annotations

from enum import StrEnum

from snellen.core import Severity
from snellen.report.document import Document


class Standing(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    HARMED = "harmed"
    """The training came to nothing, though no finding shows it."""
    POOR = "poor"
    """The training came to less than it should."""
    FINE = "fine"
    UNKNOWN = "unknown"


def standing(document: Document) -> Standing:
    severity = document.severity
    oddities = severity is None or severity is Severity.NOTE
    if oddities and document.explanations:
        return Standing.HARMED if document.harmed else Standing.POOR
    if severity is not None:
        return Standing(severity.value)
    return Standing.FINE if document.fine else Standing.UNKNOWN
