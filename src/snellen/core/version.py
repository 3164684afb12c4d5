"""Which snellen this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """The installed version; `unknown` where the package runs from its sources uninstalled."""
    try:
        return installed("snellen")
    except PackageNotFoundError:
        return "unknown"
