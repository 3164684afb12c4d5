"""S09 input-correlation-collapse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Entry, Subject
from snellen.stats import InputDependence
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.depth import fit
from snellen.symptoms.structure import is_gate, part_of
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class Collapse:
    """Differences between images that fade from layer to layer."""

    layers: int
    scale: float
    """Layers over which the difference falls to 1/e (ξ)."""
    first: float
    """Fitted share of the maps' energy that differs between images, at the first layer."""
    last: float
    """The same at the last one, before the first step."""
    now: float
    """What was measured there at the last look."""
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"before training what differs between {self.images} images falls to 1/e every "
            f"{amount(self.scale)} layers, {amount(self.first)} to {amount(self.last)} over "
            f"{self.layers} layers, and is {amount(self.now)} at the last look (allowed: "
            f"{self.allowed:g} such lengths)"
        )


@dataclass(frozen=True)
class InputCorrelationCollapse(Symptom):
    """A network so deep that all images look alike before they reach its end.

    ## What it finds
    Networks in which the share of the maps' energy that differs between images falls by a steady
    factor per layer before training, by more than six times e over the depth, and has not recovered
    at the last look. The length over which it falls to 1/e is the network's depth scale.

    ## Why it matters
    Gradients can tell images apart only over about six depth scales: what lies beyond neither hears
    of the images nor answers to their labels.

    ## Common causes
    An initialisation too small or with biases too large for the activation; plain stacks far deeper
    than their initialisation carries; saturating activations.

    ## What looks similar
    A fall before training alone does no harm where training mends it: Adam may bring back a
    difference of 1e-5. Normalisation keeps images apart, and skip connections carry them past the
    layers. Images that are all alike fade nowhere: they have nothing to lose. Wide layers whose
    rectifiers let the correlation rise slowly show no steady factor and are not judged.

    ## Example
    Twenty convolutions with tanh, weights a third of the right size: the difference falls by a
    factor of 8 per layer.

    ## References
    - Poole et al., Exponential expressivity in deep neural networks through transient chaos, 2016,
      https://arxiv.org/abs/1606.05340
    - Schoenholz et al., Deep Information Propagation, 2017, https://arxiv.org/abs/1611.01232
    """

    code = "S09"
    name = "input-correlation-collapse"
    since = "0.1"
    reads = (InputDependence,)
    min_images = 50
    needs_activation = False

    max_scales: float = threshold(
        6.0,
        unit="depth scales from the first to the last layer",
        because="gradient descent trains about six of them (Schoenholz et al. 2017)",
    )
    steadiness: float = threshold(
        0.8,
        unit="R² of the geometric law",
        because="one layer that loses much (a pool) makes no law",
    )
    min_layers: int = threshold(
        6, unit="layers", because="over fewer a factor can't be told from single layers"
    )
    recovered: float = threshold(
        0.01,
        unit="share of the maps' energy",
        because="networks that trained quickly had 0.08 to 0.5 in their last layer",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [
            x
            for x in subject.layers
            if not x.head and x.activation is not None and not is_gate(subject, x)
        ]
        if len(layers) < self.min_layers:
            return
        histories = [subject.history(x.name, InputDependence, part_of(x)) for x in layers]
        starts = [h[0] for h in histories if h and h[0].step == 0 and h[0].value.images > 1]
        if len(starts) < self.min_layers:
            yield Unjudged("", "a look at the maps before the first step")
            return
        # Rounding leaves about 1e-14 of a map's energy: what lies below is no measurement.
        ratios = [e.value.layer_ratio for e in starts]
        clear = [r for r in ratios if np.isfinite(r) and r > 1e-13]
        ends = [h[-1] for h in histories if h and np.isfinite(h[-1].value.layer_ratio)]
        found = fit(clear)
        if found is None or len(clear) < 4:
            yield Unjudged("", "images that differ in their maps")
            return
        images, at = starts[0].value.images, max(e.step for h in histories for e in h)
        last = _last_ratio(ends)
        fallen = -np.log(found.factor) * (len(ratios) - 1)
        if (
            found.factor >= 1
            or fallen <= self.max_scales
            or found.r_squared < self.steadiness
            or not last < self.recovered
        ):
            yield Healthy("", images, at)
            return
        yield Suspicion(
            "",
            Severity.WARNING,
            Collapse(
                len(ratios),
                float(-1 / np.log(found.factor)),
                found.first,
                found.first * found.factor ** (len(ratios) - 1),
                last,
                images,
                self.max_scales,
            ),
            step=0,
            images=images,
            at=at,
        )


def _last_ratio(ends: list[Entry[InputDependence]]) -> float:
    """What the last layer's maps hold of the images at the last look; 0 where there is nothing."""
    return float(ends[-1].value.layer_ratio) if ends else 0.0
