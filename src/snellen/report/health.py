"""How each channel of a layer fares at the looks at the probe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from snellen.core import Layer
from snellen.record import Subject
from snellen.stats import InputDependence, MapSummary
from snellen.stats.rails import Rails, rails

CONSTANT_BELOW = 1e-4
"""Input-dependence ratio under which a channel says nothing of the image (CATALOGUE S04)."""
SATURATED_FROM = 0.9
"""Share of a squashed channel's values beyond the rails (CATALOGUE S03, critical)."""


class Health(StrEnum):
    """From good to bad; the last says that nothing is known."""

    ALIVE = "alive"
    SATURATED = "saturated"
    CONSTANT = "constant"
    DEAD = "dead"
    NOT_FINITE = "not finite"
    UNKNOWN = "not measured"


MEANINGS = {
    Health.ALIVE: "changes with the image",
    Health.SATURATED: f"{SATURATED_FROM:.0%} of its values at the limits",
    Health.CONSTANT: "the same for every image",
    Health.DEAD: "zero on every image",
    Health.NOT_FINITE: "holds NaN or infinity",
    Health.UNKNOWN: "no look at the probe",
}


@dataclass(frozen=True)
class LayerHealth:
    """One layer's channels, in their order."""

    layer: str
    channels: tuple[Health, ...]
    step: int | None = None
    """Optimiser steps done at the look; `None` when there was none."""
    images: int = 0

    @property
    def counts(self) -> dict[Health, int]:
        """How many channels fare so, without the kinds that there are none of."""
        return {kind: n for kind in Health if (n := self.channels.count(kind))}

    @property
    def faulty(self) -> int:
        """Channels that are known not to be alive."""
        return sum(h not in (Health.ALIVE, Health.UNKNOWN) for h in self.channels)


def layer_health(subject: Subject, layer: Layer) -> LayerHealth:
    """At the last look, of the maps after the activation, or of those before it where none
    follows."""
    last = _looks(subject, layer, only_last=True)
    return last[-1] if last else LayerHealth(layer.name, (Health.UNKNOWN,) * layer.channels)


def health_history(subject: Subject, layer: Layer) -> tuple[LayerHealth, ...]:
    """At every look, in step order, of the same maps as `layer_health`; `()` without a look."""
    return _looks(subject, layer)


def _looks(subject: Subject, layer: Layer, *, only_last: bool = False) -> tuple[LayerHealth, ...]:
    part = shown_part(subject, layer)
    # Before the activation nothing is at its limits yet.
    limits = rails(layer.activation)
    if part == "pre":
        limits = replace(limits, squashes=False)
    entries = subject.history(layer.name, MapSummary, part)
    # A look at another step would speak of other weights.
    told = {e.step: e.value for e in subject.history(layer.name, InputDependence, part)}
    return tuple(
        LayerHealth(
            layer.name,
            _channels(limits, entry.value, told.get(entry.step)),
            entry.step,
            entry.value.images,
        )
        for entry in (entries[-1:] if only_last else entries)
    )


def shown_part(subject: Subject, layer: Layer) -> str:
    """The maps by which a layer is shown: `post` where there are such, else `pre`."""
    return "post" if subject.history(layer.name, MapSummary, "post") else "pre"


def _channels(
    limits: Rails, summary: MapSummary, dependence: InputDependence | None
) -> tuple[Health, ...]:
    if summary.images == 0:
        return (Health.UNKNOWN,) * summary.channels
    # One image is the same as all the images there are: nothing can vary.
    told = dependence is not None and dependence.images > 1
    health = np.full(summary.channels, Health.ALIVE if told else Health.UNKNOWN, dtype=object)
    if limits.squashes:
        saturated = summary.beyond_rails >= SATURATED_FROM
        health[saturated] = Health.SATURATED
    if dependence is not None and told:
        # A channel of zeros has no ratio, and is as constant as can be.
        ratio = np.nan_to_num(dependence.ratio, nan=0.0)
        health[ratio < CONSTANT_BELOW] = Health.CONSTANT
    if limits.zeroes:
        health[summary.silent] = Health.DEAD
    health[summary.nonfinite > 0] = Health.NOT_FINITE
    return tuple(health)
