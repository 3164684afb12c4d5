"""S32 small-effective-field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import EffectiveField
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import Geometry, geometry
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Tunnel:
    """What has influence on a position is a small part of what it could see."""

    measured: float
    """Side of the field that has influence, in pixels."""
    field: float
    """Side of the receptive field as computed, at most the image's."""
    image: int
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"{self.measured:.0f} pixels along a side have influence on the middle of the last maps"
            f" ({self.images} images), of {self.field:.0f} that it could see and {self.image} that "
            f"there are (allowed: at least {percent(self.allowed)})"
        )


@dataclass(frozen=True)
class SmallEffectiveField(Symptom):
    """Maps that could see far and look near.

    ## What it finds
    The last maps before a pooling over all positions could see half of the image or more, by their
    kernels and strides; but the pixels on which their middle position really depends, measured by
    gradients, span less than 15% of its side (and less than a third of what they could see).

    ## Why it matters
    A receptive field is only what a layer could see. Influence falls off from its middle like a
    bell, the more so the more layers there are, and paths around the layers keep it narrow. What
    has no influence is not seen.

    ## Common causes
    Residual branches scaled to almost nothing; kernels that began as an identity; dilated
    convolutions that learnt their middle taps alone; a training that never moved the first layers.

    ## What looks similar
    The measured field is always smaller than the computed one (0.96 of it at 5 layers, 0.52 at 20
    in random networks) and grows in training. Textures need no large field. Maps without any
    gradient are dead, which is S01.

    ## Example
    Ten residual blocks whose branches are multiplied by 1e-6 and never get out of it.

    ## References
    - Luo et al., Understanding the Effective Receptive Field in Deep Convolutional Neural Networks,
      2016, https://arxiv.org/abs/1701.04128
    """

    code = "S32"
    name = "small-effective-field"
    since = "0.1"
    reads = (EffectiveField,)

    min_share: float = threshold(
        0.15,
        unit="share of the image's side",
        because="less than a third of an object that fills half of the image",
    )
    min_of_field: float = threshold(
        1 / 3,
        unit="share of the computed receptive field's side",
        because="random networks had 0.52 at 20 layers, falling with the root of the depth",
    )
    could_see: float = threshold(
        0.5,
        unit="share of the image's side",
        because="a smaller computed field is S31",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None:
            return
        said: set[str] = set()
        for ending in shape.endings:
            if ending.kind != "pooled":
                continue
            layer, last = measured_at(subject, ending.layer)
            if layer.name in said or layer.name not in shape.sights:
                continue
            said.add(layer.name)
            yield self._opinion(shape, layer, last)

    def _opinion(
        self, shape: Geometry, layer: Layer, last: Entry[EffectiveField] | None
    ) -> Opinion:
        sight, image = shape.sights[layer.name], min(shape.image)
        field = min(sight.largest, float(image))
        if field < self.could_see * image:
            return Healthy(layer.name)
        if last is None or not last.value.side > 0:
            return Unjudged(layer.name, "gradients of its maps with respect to the image")
        side = last.value.side
        if side >= self.min_share * image or side >= self.min_of_field * field:
            return Healthy(layer.name, at=last.step)
        evidence = Tunnel(side, field, image, last.value.images, self.min_share)
        return Suspicion(layer.name, Severity.WARNING, evidence, at=last.step)


def measured_at(subject: Subject, name: str) -> tuple[Layer, Entry[EffectiveField] | None]:
    """The layer itself, or of those that it adds up the last one whose field was measured."""
    layer = subject.layer(name)
    own = subject.last(name, EffectiveField)
    if own is not None:
        return layer, own
    known = {x.name: x for x in subject.layers}
    for before in reversed(layer.inputs):
        last = subject.last(before, EffectiveField)
        same = before in known and np.array_equal(known[before].positions, layer.positions)
        if last is not None and same:
            return known[before], last
    return layer, None
