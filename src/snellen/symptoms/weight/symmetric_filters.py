"""S60 symmetric-filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import FilterImage, WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Symmetry:
    """Filters that are copies of one another."""

    repeated: int
    """Filters equal to an earlier one."""
    of: int
    initially: bool | None
    """They were so before training; `None`: not known."""
    zero: bool
    """All of them are zero."""
    allowed: float

    def sentence(self) -> str:
        began = {
            True: ", and were so before training",
            False: ", though not before training",
            None: "",
        }
        if self.zero:
            return (
                f"all {self.of} filters began at zero and are zero after training "
                f"(allowed: {percent(self.allowed)} copies)"
            )
        return (
            f"{self.repeated} of {self.of} filters are copies of another one after training"
            f"{began[self.initially]} (allowed: {percent(self.allowed)})"
        )


@dataclass(frozen=True)
class SymmetricFilters(Symptom):
    """Filters of one layer that are all the same.

    ## What it finds
    Layers whose filters are copies of one another after training: told from the filters themselves
    in the first convolution, and elsewhere from filters that have the same norm and have moved by
    the same distance.

    ## Why it matters
    Equal filters put out equal maps and get equal gradients, so they stay equal for ever: a layer
    of 64 filters is worth one.

    ## Common causes
    A constant initialisation (`nn.init.constant_`, `kernel_initializer="zeros"` or `"ones"`);
    weights copied from one filter to all.

    ## What looks similar
    A head or the end of a residual branch may begin at zero: the gradient tells its filters apart
    at once. Filters of equal norm alone prove nothing (weight normalisation, identity
    initialisation). Depthwise filters read different channels, and fixed blurs are frozen: neither
    is judged.

    ## Example
    `nn.init.constant_(conv.weight, 0.01)` in every layer: the network chooses as if each layer had
    one channel.

    ## References
    - Goodfellow, Bengio and Courville, Deep Learning, 2016, section 8.4,
      https://www.deeplearningbook.org/contents/optimization.html
    """

    code = "S60"
    name = "symmetric-filters"
    since = "0.1"
    reads = (WeightState, FilterImage)
    learning_only = True

    max_share: float = threshold(
        0.5,
        unit="share of filters that are copies",
        because="random filters are never equal; half of a layer is more than a few copies",
    )
    error_share: float = threshold(
        0.9, unit="share of filters", because="the layer is worth one or two filters"
    )
    tolerance: float = threshold(
        1e-5,
        unit="relative difference of norms and distances",
        because="rounding splits equal filters by less, and random ones never agree in both",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if layer.weighted and layer.channels >= 4 and layer.groups == 1:
                yield self._opinion(subject, layer)

    def _opinion(self, subject: Subject, layer: Layer) -> Opinion:
        image, state = subject.last(layer.name, FilterImage), subject.last(layer.name, WeightState)
        if image is None and state is None:
            return Unjudged(layer.name, "a look at its weights")
        repeated, of, zero, initially = 0, layer.channels, False, None
        if state is not None and len(state.value.norm) >= 4:
            of = len(state.value.norm)
            repeated = _alike(state.value, self.tolerance)
            # Weights that began and stayed at zero: a trained layer never does.
            zero = not state.value.norm.any() and not state.value.initial_norm.any()
        if image is not None and _known(image.value) and image.value.repeated >= max(repeated, 1):
            repeated = image.value.repeated
            of = max(layer.channels, repeated + 1)
            began = image.value.repeated_initially
            initially = None if began < 0 else began > self.max_share * (of - 1)
        share = 1.0 if zero else repeated / (of - 1)
        if share <= self.max_share or (layer.residual and zero):
            return Healthy(layer.name)
        return Suspicion(
            layer.name,
            Severity.ERROR if share >= self.error_share else Severity.WARNING,
            Symmetry(repeated, of, initially, zero, self.max_share),
            step=0 if initially or zero else None,
            # Nothing undoes it: the training is that of a network of one filter.
            evident=share >= self.error_share and not zero and not layer.head,
        )


def _alike(state: WeightState, tolerance: float) -> int:
    """Filters that moved and agree with an earlier one in norm and in distance moved."""
    norm, distance = np.asarray(state.norm), np.asarray(state.distance)
    if not (np.isfinite(norm).all() and np.isfinite(distance).all()):
        return 0
    moved = (distance > 1e-6 * norm.max(initial=0.0)) & (norm > 0)
    if len(distance) != len(norm) or moved.sum() < 2:
        return 0
    order = np.lexsort((distance[moved], norm[moved]))
    sizes, ways = norm[moved][order], distance[moved][order]
    near = (np.diff(sizes) <= tolerance * sizes[1:]) & (
        np.abs(np.diff(ways)) <= tolerance * ways[1:]
    )
    return int(near.sum())


def _known(image: FilterImage) -> bool:
    """Whether there are filters to compare: NaN looks like NaN."""
    return len(image.kernel) >= 4 and bool(np.isfinite(image.kernel).all())
