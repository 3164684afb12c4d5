"""What keeps a page from being made."""

from __future__ import annotations

from snellen.report.errors import ReportError

EXTRA = "pip install 'snellen[html]'"


class PageNeedsError(ReportError):
    """A library that makes pages is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"an HTML page needs {missing}, which is not installed; install what pages are made "
            f"with: {EXTRA}"
        )
        self.missing = missing
        """Name of the module."""
