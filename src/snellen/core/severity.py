"""How much a finding matters."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Ordered from a curiosity to a failed training: `NOTE < WARNING < ERROR`."""

    NOTE = "note"
    """An oddity; nothing says that it harms."""
    WARNING = "warning"
    """A fault, in a training whose outcome is harmed."""
    ERROR = "error"
    """A fault in most of a layer, or one that lets the training go no further."""

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return list(Severity).index(self)
