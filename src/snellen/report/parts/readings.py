"""A layer's channels at every look: how each fares, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer
from snellen.record import Subject
from snellen.report.health import LayerHealth, health_history, shown_part
from snellen.stats import ChannelStructure, InputDependence, MapSummary
from snellen.stats.rails import rails

Floats = npt.NDArray[np.float64]

TWIN_FROM = 0.95
"""Magnitude of the correlation from which on two channels show the same (CATALOGUE S12)."""


@dataclass(frozen=True)
class Twin:
    """A channel that shows the same as another one."""

    channel: int
    other: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Readings:
    """One layer at the looks at the probe, in step order. Arrays have the shape
    `(looks, channels)`."""

    looks: tuple[LayerHealth, ...]
    part: str
    """`post`: maps after the activation; `pre`: before it."""
    active: Floats
    """Share (0 to 1) of images with a value above the upper rail: above zero for most
    activations."""
    varying: Floats
    """Share of the mean square that varies with the image; NaN where it was not measured or the
    channel is zero."""
    beyond: Floats
    """Share of values at the limits of a squashing activation; NaN for others."""
    rms: Floats
    """Root mean square; NaN where no value was finite."""
    twins: tuple[Twin, ...]
    """At the last look at which channels were compared."""

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(look.step for look in self.looks if look.step is not None)


def readings(subject: Subject, layer: Layer) -> Readings:
    """Empty where the layer was never looked at."""
    part = shown_part(subject, layer)
    entries = subject.history(layer.name, MapSummary, part)
    told = {e.step: e.value for e in subject.history(layer.name, InputDependence, part)}
    unknown = np.full(layer.channels, np.nan)
    squashes = part == "post" and rails(layer.activation).squashes
    maps = [entry.value for entry in entries]
    dependences = [told.get(entry.step) for entry in entries]
    shape = (len(entries), layer.channels)
    return Readings(
        looks=health_history(subject, layer),
        part=part,
        active=_stacked([m.active_images / max(m.images, 1) for m in maps], shape),
        varying=_stacked([unknown if d is None else d.ratio for d in dependences], shape),
        beyond=_stacked([m.beyond_rails if squashes else unknown for m in maps], shape),
        rms=_stacked([np.sqrt(m.mean_square) for m in maps], shape),
        twins=_twins(subject, layer),
    )


def _stacked(rows: list[Floats], shape: tuple[int, int]) -> Floats:
    return np.array(rows, np.float64) if rows else np.zeros(shape)


def _twins(subject: Subject, layer: Layer) -> tuple[Twin, ...]:
    found = [subject.last(layer.name, ChannelStructure, part) for part in ("post", "pre")]
    entry = next((e for e in found if e is not None), None)
    if entry is None:
        return ()
    seen = entry.value
    alike = np.abs(np.nan_to_num(seen.correlation)) >= TWIN_FROM
    return tuple(
        Twin(int(seen.chosen[i]), int(seen.partner[i]), float(seen.correlation[i]))
        for i in np.flatnonzero(alike & (seen.partner >= 0))
    )
