"""Words that the page's templates use."""

from __future__ import annotations

from snellen.report.document import Group
from snellen.report.health import Health, LayerHealth
from snellen.report.standing import Standing

FINE = (Health.ALIVE, Health.UNKNOWN)

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
    """Where its findings are: `in layer conv1`, `in 3 layers`; empty for the model as a whole."""
    layers = {finding.place.layer for finding in group.findings if finding.place.layer}
    if not layers:
        return ""
    return f"in layer {next(iter(layers))}" if len(layers) == 1 else f"in {len(layers)} layers"


def tally(health: LayerHealth) -> str:
    """How many channels fare worst of all: `31/32 dead`; empty where none is known to be faulty."""
    faulty = [(kind, n) for kind, n in health.counts.items() if kind not in FINE]
    if not faulty:
        return ""
    kind, number = max(faulty, key=lambda pair: pair[1])
    return f"{number}/{len(health.channels)} {kind.value}"
