"""S03 saturated-maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import RAILS, MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.structure import is_gate, squashes
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Saturation:
    """How much of a layer's maps lies where the activation is flat."""

    share: float
    """Median over channels of the share of values beyond the rails."""
    low_share: float
    """Share of all values below the lower rail, and (`high_share`) above the upper one."""
    high_share: float
    initial_share: float
    """The median before the first step; NaN when it was not seen."""
    low: float
    high: float
    images: int
    allowed: float

    def sentence(self) -> str:
        start = (
            f", {percent(self.initial_share)} before the first step"
            if np.isfinite(self.initial_share)
            else ""
        )
        return (
            f"the median channel had {percent(self.share)} of its values below {self.low:g} or "
            f"above "
            f"{self.high:g}{start}; {percent(self.low_share)} of the layer was low, "
            f"{percent(self.high_share)} high (allowed: {percent(self.allowed)}, {self.images} "
            f"images)"
        )


@dataclass(frozen=True)
class SaturatedMaps(Symptom):
    """Maps that lie on the flat ends of a squashing activation.

    ## What it finds
    Layers with tanh, sigmoid, softsign or their hard forms, where the slope of the activation is
    below 5% of its largest for most values: |a| > 0.975 for tanh, outside 0.0127 to 0.9873 for a
    sigmoid.

    ## Why it matters
    Where an activation is flat, no gradient passes, so neither this layer nor those before it learn
    from these values, and the map is nearly the same for different images.

    ## Common causes
    Updates that are too large; inputs or initial weights of too large a scale (both sides
    saturate); a bias that drifted away (one side saturates).

    ## What looks similar
    An output sigmoid saturates when it is sure, and is not judged. Gates, such as those of
    squeeze-and-excitation, saturate on purpose: a lone sigmoid among other activations is left out.
    Sigmoid networks lose their gradient with depth without any saturation, since their slope is at
    most 1/4: see vanishing-gradients.

    ## Example
    A tanh network on images from 0 to 255: every map is −1 or 1 from the start.

    ## References
    - Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    """

    code = "S03"
    name = "saturated-maps"
    since = "0.1"
    reads = (MapSummary,)
    min_images = 100
    needs_activation = True

    max_share: float = threshold(
        0.5,
        unit="share of the median channel's values",
        because="more than half of a map without gradient slows a layer",
    )
    min_growth: float = threshold(
        0.2,
        unit="share of values more than before the first step",
        because="a layer that began this way is told apart from one that was driven there",
    )
    error_share: float = threshold(
        0.9, unit="share of the median channel's values", because="hardly any gradient is left"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if squashes(layer) and not layer.head and not is_gate(subject, layer):
                yield self._opinion(layer, subject.history(layer.name, MapSummary, "post"))

    def _opinion(self, layer: Layer, checks: tuple[Entry[MapSummary], ...]) -> Opinion:
        checks = tuple(c for c in checks if c.value.images)
        if not checks:
            return Unjudged(layer.name, "a look at its maps on the probe")
        last = checks[-1]
        share = median_share(last.value)
        if not np.isfinite(share):
            return Unjudged(layer.name, "finite maps")
        initial = median_share(checks[0].value) if checks[0].step == 0 else float("nan")
        images, at = last.value.images, last.step
        if share < self.max_share:
            return Healthy(layer.name, images, at)
        if share < self.error_share:
            if not np.isfinite(initial):
                return Unjudged(layer.name, "its maps before the first step")
            if share - initial < self.min_growth:
                return Healthy(layer.name, images, at)
        return Suspicion(
            layer.name,
            Severity.ERROR if share >= self.error_share else Severity.WARNING,
            self._evidence(layer, last.value, share, initial),
            step=_onset(checks, self.max_share),
            images=images,
            at=at,
        )

    def _evidence(self, layer: Layer, maps: MapSummary, share: float, initial: float) -> Saturation:
        rails = RAILS[layer.activation or "linear"]
        values = max(int(maps.values.sum()), 1)
        return Saturation(
            share=share,
            low_share=float(maps.below.sum()) / values,
            high_share=float(maps.above.sum()) / values,
            initial_share=initial,
            low=rails.low,
            high=rails.high,
            images=maps.images,
            allowed=self.max_share,
        )


def median_share(maps: MapSummary) -> float:
    """Median over channels of the share of finite values beyond the rails; NaN without any."""
    shares = maps.beyond_rails
    shares = shares[np.isfinite(shares)]
    return float(np.median(shares)) if len(shares) else float("nan")


def _onset(checks: tuple[Entry[MapSummary], ...], limit: float) -> int:
    """The check from which on the layer stayed saturated."""
    step = checks[-1].step
    for check in reversed(checks):
        if not median_share(check.value) >= limit:
            break
        step = check.step
    return step
