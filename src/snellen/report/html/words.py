"""Words that the page's templates use."""

from __future__ import annotations

from snellen.report.document import Group
from snellen.report.standing import Standing

SIGNS = {
    Standing.ERROR: "▼",
    Standing.HARMED: "▼",
    Standing.WARNING: "◆",
    Standing.POOR: "◆",
    Standing.NOTE: "●",
    Standing.FINE: "✓",
    Standing.UNKNOWN: "?",
}
"""The same without colour."""


def heading(name: str) -> str:
    """`dead-channels` as a heading: `Dead channels`."""
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]


def group_words(group: Group) -> str:
    """Where its findings are: `in 3 layers`; empty for the model as a whole."""
    layers = {finding.place.layer for finding in group.findings if finding.place.layer}
    if not layers:
        return ""
    return f"in {next(iter(layers))}" if len(layers) == 1 else f"in {len(layers)} layers"
