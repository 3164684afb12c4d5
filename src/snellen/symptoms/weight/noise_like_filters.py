"""S25 noise-like-filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Clock, Subject
from snellen.stats import FilterImage, ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.facts import loaded
from snellen.symptoms.progress import unlearnt
from snellen.symptoms.wording import amount, percent

Floats = npt.NDArray[np.float64]
PERMUTATIONS = 500
NOISE_ROUGHNESS = 0.9
"""Mean difference of neighbouring pixels, in standard deviations, of images that are noise: white
noise has 2/√π = 1.13, photographs 0.1 to 0.4."""


@dataclass(frozen=True)
class Noise:
    """First-layer filters that bear no mark of the images."""

    filters: int
    taps: tuple[int, ...]
    cosine: float
    """Of the filters with what they began as; NaN when that was not kept."""
    smooth: float
    """Share of filters (of their change, where it is known) smoother than their own taps in random
    order, p < 0.05; NaN when not tested."""
    change: bool
    """It is the change since the start that was tested."""
    allowed_cosine: float
    allowed_smooth: float

    def sentence(self) -> str:
        size = "×".join(str(t) for t in self.taps)
        if np.isfinite(self.smooth):
            what = "the changes of the" if self.change else "the"
            return (
                f"{percent(self.smooth)} of {what} {self.filters} filters of {size} are smoother "
                f"than noise (allowed: {percent(self.allowed_smooth)}; noise gives 5%)"
            )
        return (
            f"the {self.filters} filters of {size} are still what they began as: cosine "
            f"{amount(self.cosine)} (allowed: {amount(self.allowed_cosine)})"
        )


@dataclass(frozen=True)
class NoiseLikeFilters(Symptom):
    """First-layer filters that are as random as on the first day.

    ## What it finds
    A first convolution whose filters still point where they pointed before training, or whose
    filters, less what they began as, are no smoother than the same values in random order. It
    speaks only where the training has learnt little.

    ## Why it matters
    Images are smooth, so what is learnt from them is smooth. A first layer that only holds noise
    passes on a random view of the image, and everything behind it has to make do.

    ## Common causes
    A learning rate too small, or too little training; gradients that do not reach the first layer;
    labels that have nothing to do with the images; updates that are mostly noise.

    ## What looks similar
    Filters of 3×3 have too few values for the test: that they kept their direction is noted at
    most, and without the start there is no verdict. Smooth filters prove nothing, since random
    labels make them too. Images that are noise themselves make rough filters. Loaded and frozen
    layers are left out, and a network that has learnt its task may well keep its first filters near
    their start.

    ## Example
    SGD with a learning rate of 1e-5: after ten epochs the cosine of the filters with their start is
    1.000.

    ## References
    - Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2013,
      https://arxiv.org/abs/1311.2901
    """

    code = "S25"
    name = "noise-like-filters"
    since = "0.1"
    reads = (FilterImage, ImageAudit)
    learning_only = True

    max_cosine: float = threshold(
        0.999,
        unit="cosine with the start",
        because="a turn by 4% of their size; healthy short trainings turn their stem by 10%",
    )
    min_smooth_change: float = threshold(
        0.2,
        unit="share of filters whose change is smooth",
        because="trained 7×7 filters reach 83 to 100%, noise 5%",
    )
    min_smooth: float = threshold(
        0.15, unit="share of smooth filters", because="three times what noise gives"
    )
    min_filters: int = threshold(8, unit="filters", because="fewer give no share to speak of")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            seen = subject.last(layer.name, FilterImage)
            spread = bool(layer.weight_shape[2:]) and max(layer.weight_shape[2:]) > 1
            if seen is not None and spread and not loaded(subject):
                yield self._opinion(subject, layer, seen.value, seen.step)

    def _opinion(self, subject: Subject, layer: Layer, image: FilterImage, step: int) -> Opinion:
        now, began = image.kernel.astype(np.float64), image.initial.astype(np.float64)
        known = began.shape == now.shape and began.size > 0
        taps = tuple(int(t) for t in now.shape[2:])
        testable = len(taps) == 2 and min(taps) >= 5
        if step == 0 or len(now) < self.min_filters or not np.isfinite(now).all():
            return Unjudged(layer.name, f"{self.min_filters} finite filters after training")
        if known and np.array_equal(now, began):
            # Not one update: why is another symptom's question.
            return Unjudged(layer.name, "an update of its filters")
        if not known and not testable:
            return Unjudged(layer.name, "the filters before training, or filters of 5×5 and more")
        if not unlearnt(subject):
            return Healthy(layer.name, at=step)
        cosine = _cosine(now, began) if known else float("nan")
        if cosine > self.max_cosine:
            return self._found(layer, image, cosine, float("nan"), known, step)
        if not testable:
            return Healthy(layer.name, at=step)
        if _noisy_images(subject):
            return Unjudged(
                layer.name, "images whose neighbouring pixels have to do with each other"
            )
        smooth = smooth_share(now - began if known else now)
        limit = self.min_smooth_change if known else self.min_smooth
        if smooth >= limit:
            return Healthy(layer.name, at=step)
        return self._found(layer, image, cosine, smooth, known, step)

    def _found(
        self,
        layer: Layer,
        image: FilterImage,
        cosine: float,
        smooth: float,
        known: bool,
        step: int,
    ) -> Suspicion:
        taps = tuple(int(t) for t in image.kernel.shape[2:])
        return Suspicion(
            layer.name,
            # Of 3×3 filters it is known that they stayed, not that they are noise.
            Severity.WARNING if min(taps) >= 5 else Severity.NOTE,
            Noise(
                len(image.kernel),
                taps,
                cosine,
                smooth,
                known,
                self.max_cosine,
                self.min_smooth_change if known else self.min_smooth,
            ),
            at=step,
        )


def roughness(filters: Floats) -> Floats:
    """Mean squared difference of neighbouring taps over four times their variance.

    `filters`: shape `(filters, inputs, height, width)`; one value per filter, NaN for a constant
    one. About 1 for noise, less for smooth filters (CATALOGUE S25).
    """
    steps = [np.square(np.diff(filters, axis=axis)).mean(axis=(1, 2, 3)) for axis in (2, 3)]
    centred = filters - filters.mean(axis=(2, 3), keepdims=True)
    spread = 4 * np.square(centred).mean(axis=(1, 2, 3))
    total = steps[0] + steps[1]
    return np.divide(total, spread, out=np.full(len(filters), np.nan), where=spread > 0)


def smooth_share(filters: Floats, permutations: int = PERMUTATIONS) -> float:
    """Share of filters smoother than their own taps in random order, at p < 0.05.

    All inputs of a filter are put into the same order, which is the same for all filters. 0 where
    every filter is constant.
    """
    rng = np.random.default_rng(0)
    seen = roughness(filters)
    flat = filters.reshape(*filters.shape[:2], -1)
    at_most = np.zeros(len(filters))
    for _ in range(permutations):
        mixed = flat[:, :, rng.permutation(flat.shape[2])].reshape(filters.shape)
        at_most += roughness(mixed) <= seen
    p = (at_most + 1) / (permutations + 1)
    return float(np.mean((p < 0.05) & np.isfinite(seen)))


def _cosine(now: Floats, began: Floats) -> float:
    """Of all filters laid end to end; NaN when either is zero."""
    size = float(np.linalg.norm(now) * np.linalg.norm(began))
    return float((now * began).sum()) / size if size > 0 and np.isfinite(size) else float("nan")


def _noisy_images(subject: Subject) -> bool:
    audit = subject.last("", ImageAudit, "", Clock.INLINE)
    if audit is None or len(audit.value.roughness) < 2:
        return False
    spatial = audit.value.roughness[1:]
    known = spatial[np.isfinite(spatial)]
    return bool(len(known) and known.min() > NOISE_ROUGHNESS)
