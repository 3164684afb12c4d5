"""S07 exploding-activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Clock, Entry, Subject
from snellen.stats import MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import amount, count

FLOAT32_LIMIT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Growth:
    """Maps of a size that no signal needs."""

    rms: float
    """Root mean square of the layer's maps at the last finite look."""
    before: float
    """The same at the first look."""
    first_step: int
    last_step: int
    layers: int
    """Layers that grew like this, this one (the first of them) included."""
    doublings: int
    """Last looks in a row at which it had doubled."""
    allowed: float
    allowed_growth: float

    def sentence(self) -> str:
        others = f"; so did {count(self.layers - 1, 'layer')} behind it" if self.layers > 1 else ""
        return (
            f"the maps' root mean square went from {amount(self.before)} at step {self.first_step} "
            f"to {amount(self.rms)} at step {self.last_step}{others} (allowed: "
            f"{amount(self.allowed)}, or {amount(self.allowed_growth)} times the start)"
        )


@dataclass(frozen=True)
class ExplodingActivations(Symptom):
    """Maps whose values grow without bound during training.

    ## What it finds
    The first layer whose maps have a root mean square above 1000 (above 1000 times that of the
    images, where those are larger than 1) and more than 100 times that of the first look. It is an
    error when it doubled at each of the last three looks, or comes near the largest number that the
    format holds.

    ## Why it matters
    Values of this size saturate whatever follows, make steps that throw other layers off, and end
    in infinities.

    ## Common causes
    A learning rate too high; residual sums without normalisation or scale; no gradient clipping; a
    loss that rewards size without bound.

    ## What looks similar
    Both limits are needed: a layer that began with tiny maps may grow 500 times in healthy
    training, and images from 0 to 255 make large maps from the start. Maps that are large before
    the first step are forward-signal. Logits grow late in every training that goes well, so heads
    are not judged.

    ## Example
    Stochastic gradient descent with a learning rate of 5 on a residual network without
    normalisation: the last block's maps grow from 1 to 1e5 within one epoch.

    ## References
    - Zhang et al., Fixup Initialization, 2019, https://arxiv.org/abs/1901.09321
    - Brock et al., Characterizing signal propagation to close the performance gap in unnormalized
      ResNets, 2021, https://arxiv.org/abs/2101.08692
    """

    code = "S07"
    name = "exploding-activations"
    since = "0.1"
    reads = (MapSummary,)
    min_images = 8

    max_rms: float = threshold(
        1e3,
        unit="root mean square, in units of the images' where that exceeds 1",
        because="healthy networks ended below 10",
    )
    max_growth: float = threshold(
        1e2,
        unit="times the first look's root mean square",
        because="tiny maps may grow 500 times, but not to 1000",
    )
    doublings: int = threshold(3, unit="looks in a row", because="growth that nothing slows down")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        scale = _input_rms(subject)
        grown: list[tuple[Layer, Entry[MapSummary], list[float], int]] = []
        for layer in subject.layers:
            if layer.head:
                continue
            checks = subject.history(layer.name, MapSummary, part_of(layer))
            finite = [c for c in checks if c.value.images and 0 < c.value.rms < np.inf]
            if not finite:
                yield Unjudged(layer.name, "a look at its maps with finite values other than zero")
                continue
            sizes = [c.value.rms for c in finite]
            large = sizes[-1] > self.max_rms * scale or sizes[-1] > 0.1 * FLOAT32_LIMIT
            if large and sizes[-1] > self.max_growth * sizes[0]:
                grown.append((layer, finite[-1], sizes, finite[0].step))
            else:
                yield Healthy(layer.name, finite[-1].value.images, finite[-1].step)
        if grown:
            yield self._suspicion(grown, scale)

    def _suspicion(
        self, grown: list[tuple[Layer, Entry[MapSummary], list[float], int]], scale: float
    ) -> Suspicion:
        layer, last, sizes, first_step = grown[0]
        doubled = _doublings(sizes)
        huge = max(sizes[-1] for _, _, sizes, _ in grown) > 0.1 * FLOAT32_LIMIT
        return Suspicion(
            layer.name,
            Severity.ERROR if huge or doubled >= self.doublings else Severity.WARNING,
            Growth(
                sizes[-1],
                sizes[0],
                first_step,
                last.step,
                len(grown),
                doubled,
                self.max_rms * scale,
                self.max_growth,
            ),
            step=last.step,
            images=last.value.images,
            at=last.step,
        )


def _doublings(sizes: list[float]) -> int:
    """How many of the last looks, without a gap, saw at least twice what the look before saw."""
    count = 0
    for before, now in zip(sizes[-2::-1], sizes[::-1], strict=False):
        if now < 2 * before:
            break
        count += 1
    return count


def _input_rms(subject: Subject) -> float:
    """Root mean square of the images as the model gets them, 1 at least."""
    entry = subject.last("", MapSummary, "input") or subject.last(
        "", MapSummary, "input", Clock.INLINE
    )
    size = entry.value.rms if entry is not None and entry.value.images else 1.0
    return max(1.0, size) if np.isfinite(size) else 1.0
