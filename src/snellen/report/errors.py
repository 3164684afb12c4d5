"""What can go wrong in showing a verdict."""

from __future__ import annotations

from snellen.core import SnellenError


class ReportError(SnellenError):
    """A report could not be written."""
