"""What a page is made with, which not every installation has."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from snellen.report.errors import ReportError

NEEDED = ("altair", "jinja2", "markdown_it", "platformdirs", "vl_convert")
"""Modules; the extra `html` has them all."""


class PageNeedsError(ReportError):
    """Libraries that make pages are not installed."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"an HTML page needs {' and '.join(missing)}, not installed here; get what pages are "
            "made with by: pip install 'snellen[html]'"
        )
        self.missing = tuple(missing)
        """Names of the modules."""


def require_libraries() -> None:
    """Raise `PageNeedsError` where a page can't be made for want of a library. Loads none."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise PageNeedsError(missing)
