"""What `snellen --version` says."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version, or `unknown` when snellen runs from a tree that was never installed."""
    try:
        return version("snellen")
    except PackageNotFoundError:
        return "unknown"


def version_text() -> str:
    return f"snellen {installed_version()}"
