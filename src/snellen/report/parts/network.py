"""The network as a strip of layers, in the order of execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snellen.core import Finding, Layer, Severity
from snellen.record import Subject
from snellen.report.health import LayerHealth, layer_health


@dataclass(frozen=True)
class Node:
    """One layer of the strip."""

    layer: Layer
    health: LayerHealth
    severity: Severity | None
    """Of its worst finding; `None` without one."""
    reads: tuple[int, ...]
    """Places in the strip of the layers that it reads from; `()`: the model's input."""


@dataclass(frozen=True)
class Network:
    nodes: tuple[Node, ...]

    @property
    def skips(self) -> tuple[tuple[int, int], ...]:
        """Pairs `(from, to)` of places that are no neighbours: branches and skip connections."""
        return tuple(
            (source, place)
            for place, node in enumerate(self.nodes)
            for source in node.reads
            if source != place - 1
        )

    @property
    def breaks(self) -> frozenset[int]:
        """Places whose layer does not read from the one before it: a branch begins there."""
        return frozenset(
            place
            for place, node in enumerate(self.nodes)
            if place and node.reads and place - 1 not in node.reads
        )


def network(subject: Subject, findings: Sequence[Finding]) -> Network:
    """`findings`: those that are shown, of any subject."""
    places = {layer.name: place for place, layer in enumerate(subject.layers)}
    return Network(
        tuple(
            Node(
                layer,
                layer_health(subject, layer),
                worst(findings, subject.name, layer.name),
                tuple(sorted({places[name] for name in layer.inputs if name in places})),
            )
            for layer in subject.layers
        )
    )


def worst(findings: Sequence[Finding], subject: str, layer: str) -> Severity | None:
    severities = [
        f.severity for f in findings if f.place.subject == subject and f.place.layer == layer
    ]
    return max(severities, key=lambda severity: severity.rank, default=None)
