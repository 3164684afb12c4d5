"""S04 input-independent-maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Clock, Subject
from snellen.stats import InputDependence, MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import is_gate, part_of, zeroes
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class Constancy:
    """How little of a layer's maps depends on the image."""

    ratio: float
    """Input-dependence ratio of the layer: 0 when every image gives the same maps."""
    previous: float
    """The same at the check before; NaN when there was none."""
    channels: int
    """Channels that are not zero and yet the same for all images (ratio below 1e-4)."""
    of: int
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"{amount(self.ratio)} of the maps' energy differs between {self.images} images "
            f"(allowed: at least {amount(self.allowed)}); {self.channels} of {self.of} channels "
            "show the same map for every image"
        )


@dataclass(frozen=True)
class InputIndependentMaps(Symptom):
    """Maps that look the same whatever the image.

    ## What it finds
    Layers whose maps hardly differ between images. The mean square of each map is split into what
    all images share and what varies; the varying part over the whole is the input-dependence ratio
    (a measure of this project's own), 1 for maps without anything in common and 0 for constant
    ones.

    ## Why it matters
    What a layer does not let through, no later layer can use: the network answers the same for
    every image, while the size of its maps looks normal.

    ## Common causes
    A signal that shrinks with depth until the biases outweigh it; dead layers upstream that leave
    only biases; strong regularisation; updates so large that biases took over.

    ## What looks similar
    Before the first step a small ratio is survivable, so this is judged after the warm-up. Images
    that are all alike give constant maps in every layer: then the images are at fault and the layer
    is not judged. Channels of zeros are dead-channels. Gates and coordinate channels are constant
    on purpose.

    ## Example
    A plain ReLU network of 18 convolutions in PyTorch's default initialisation: the ratio of the
    last layer is 1e-12, and nothing is learnt.

    ## References
    - Poole et al., Exponential expressivity in deep neural networks through transient chaos, 2016,
      https://arxiv.org/abs/1606.05340
    - Schoenholz et al., Deep Information Propagation, 2016, https://arxiv.org/abs/1611.01232
    """

    code = "S04"
    name = "input-independent-maps"
    since = "0.1"
    reads = (InputDependence, MapSummary)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    min_images = 100
    needs_activation = True

    min_ratio: float = threshold(
        1e-3,
        unit="share of the maps' mean square",
        because="networks that trained quickly had 0.08 to 0.5 in their last layer",
    )
    error_ratio: float = threshold(
        1e-6,
        unit="share of the maps' mean square",
        because="networks at 1e-7 and below before training hardly started; at 1e-12 never",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        same = _same_images(subject)
        for layer in subject.layers:
            if layer.activation is None or layer.head or is_gate(subject, layer):
                continue
            if same:
                yield Unjudged(layer.name, "images that differ from one another")
            else:
                yield from self._opinions(subject, layer)

    def _opinions(self, subject: Subject, layer: Layer) -> Iterable[Opinion]:
        checks = subject.history(layer.name, InputDependence, part_of(layer))
        if not checks:
            yield Unjudged(layer.name, "a look at its maps on the probe")
            return
        last = checks[-1]
        seen = last.value
        energy = seen.fixed + seen.varying
        if not np.isfinite(energy).all():
            yield Unjudged(layer.name, "finite maps")
            return
        if not energy.any():
            # A rectified layer of zeros is S01's; any other one is a constant all the same.
            if not zeroes(layer):
                yield self._suspicion(layer, last.step, seen, 0.0, float("nan"))
            return
        previous = checks[-2].value.layer_ratio if len(checks) > 1 else float("nan")
        if seen.layer_ratio >= self.min_ratio:
            yield Healthy(layer.name, seen.images, last.step)
        else:
            yield self._suspicion(layer, last.step, seen, seen.layer_ratio, previous)

    def _suspicion(
        self, layer: Layer, step: int, seen: InputDependence, ratio: float, previous: float
    ) -> Suspicion:
        improving = np.isfinite(previous) and ratio > 2 * previous
        ratios = seen.ratio
        constant = np.isfinite(ratios) & (np.nan_to_num(ratios) < 1e-4)
        return Suspicion(
            layer.name,
            Severity.ERROR if ratio < self.error_ratio and not improving else Severity.WARNING,
            Constancy(
                ratio, previous, int(constant.sum()), len(ratios), seen.images, self.min_ratio
            ),
            tuple(int(c) for c in np.flatnonzero(constant)),
            step,
            images=seen.images,
            at=step,
        )


def _same_images(subject: Subject) -> bool:
    """Whether all images that enter the model are the same.

    Where the images themselves were not compared, their means tell nothing alone (images
    standardised one by one all have the mean 0), so the first layer must see no difference either.
    """
    seen = subject.last("", InputDependence, "input")
    if seen is not None:
        return seen.value.images > 1 and _constant(seen.value)
    first = next(
        (c[-1] for x in subject.layers if (c := subject.history(x.name, InputDependence, "pre"))),
        None,
    )
    entry = subject.last("", MapSummary, "input") or subject.last(
        "", MapSummary, "input", Clock.INLINE
    )
    if first is None or entry is None or entry.value.images < 2:
        return False
    maps = entry.value
    spread = maps.image_mean_squares / maps.images - maps.mean**2
    scale = np.maximum(maps.mean_square, 1e-300)
    return _constant(first.value) and bool(np.all(spread <= 1e-10 * scale))


def _constant(seen: InputDependence) -> bool:
    """Whether no image differs from another, beyond rounding; true of zeros."""
    return bool(np.nan_to_num(seen.layer_ratio) < 1e-10)
