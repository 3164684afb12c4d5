"""What each layer can see of the image, drawn against it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from snellen.record import Subject
from snellen.stats import EffectiveField
from snellen.symptoms.geometry import Sight
from snellen.symptoms.geometry import geometry as sights_of


@dataclass(frozen=True)
class Field:
    """The receptive field of one layer's central position. Sides in pixels of the image."""

    layer: str
    theoretical: float | None
    """Side of what it can see; `None`: the whole image."""
    effective: float | None
    """Side of what it really depends on; `None`: not measured."""
    jump: float
    """Pixels from one position of its maps to the next."""
    grid: tuple[int, ...]

    @property
    def stride(self) -> str:
        return f"{self.jump:g}"


@dataclass(frozen=True)
class GeometryCard:
    image: tuple[int, ...]
    """Height and width."""
    fields: tuple[Field, ...]
    """Of layers with maps of more than one position, in the order of the network."""
    unread_share: float | None
    """Share (0 to 1) of pixels that never reach the answer; `None`: not known."""


def geometry_card(subject: Subject) -> GeometryCard | None:
    """`None` where the images have not two axes, or nothing is known of the layers."""
    found = sights_of(subject)
    if found is None or len(found.image) != 2:
        return None
    fields = [
        _field(subject, layer.name, found.sights[layer.name])
        for layer in subject.layers
        if layer.name in found.sights and any(n > 1 for n in found.sights[layer.name].grid)
    ]
    if not fields:
        return None
    unread = found.unread_share
    return GeometryCard(found.image, tuple(fields), unread if isfinite(unread) else None)


def _field(subject: Subject, layer: str, sight: Sight) -> Field:
    measured = subject.last(layer, EffectiveField)
    return Field(
        layer,
        sight.largest if isfinite(sight.largest) else None,
        None if measured is None else measured.value.side,
        sight.jump,
        sight.grid,
    )
