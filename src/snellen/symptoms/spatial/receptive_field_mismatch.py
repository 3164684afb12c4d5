"""S31 receptive-field-mismatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import LayerKind, Severity
from snellen.record import Subject
from snellen.stats import EffectiveField, Features, ImageAnswers
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import Ending, Geometry, geometry
from snellen.symptoms.probing import accuracy_gain, chosen, out_of_fold
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Nearsighted:
    """The last maps before pooling see a small piece of the image each."""

    field: int
    """Side of the receptive field, in pixels."""
    image: int
    allowed: float
    """As a share of the image's side."""
    measured: float
    """Side of what really has influence; NaN: not measured."""

    def sentence(self) -> str:
        measured = f", and {self.measured:.0f} of them have influence" if self.measured > 0 else ""
        return (
            f"a position of the last maps sees {self.field} of {self.image} pixels along a side"
            f"{measured} (allowed: at least {percent(self.allowed)}); the pooling behind it does "
            "not know what lies where"
        )


@dataclass(frozen=True)
class Overshoot:
    """Layers behind one that sees everything, which tell less than it does."""

    border: str
    """The first layer all of whose positions see more than the image."""
    layers: int
    """Convolutions after it."""
    before: float
    """Share of images that a linear probe answers rightly from it."""
    after: float
    p_value: float

    def sentence(self) -> str:
        return (
            f"{self.layers} convolutions follow {self.border}, which sees the whole image already "
            f"(allowed: 2 that add nothing): a linear probe falls from {percent(self.before)} to "
            f"{percent(self.after)} over them"
        )


@dataclass(frozen=True)
class ReceptiveFieldMismatch(Symptom):
    """Receptive fields too small for the image, or far larger than it.

    ## What it finds
    Too small: the last maps before a pooling over all positions see less than a fifth of the
    image's side (less than half an object, if objects fill half of the image). What really has
    influence is measured by gradients and said beside it. Too large: three or more convolutions
    after the one whose positions all see more than the whole image, from which a linear probe tells
    the classes significantly worse than from that one.

    ## Why it matters
    A mean over positions does not know where they are. If none of them sees two parts of an object
    together, the network can't know how they lie. Convolutions that can't see anything new only
    pass on what there is, and may lose it.

    ## Common causes
    Few layers and no stride for large images; 1×1 kernels; a deep network made for 224 pixels and
    fed with 32.

    ## What looks similar
    Textures need no large field. A dense layer on flattened maps sees everything, and so do gates
    and attention: nothing is said then. Skip paths let layers see little on purpose, so the
    smallest field counts for "too large". A deep network on small images that works well is not
    reported.

    ## Example
    Three `Conv2d(16, 16, 1)` and a global average on images of 64×64.

    ## References
    - Araujo et al., Computing Receptive Fields of Convolutional Neural Networks, 2019,
      https://distill.pub/2019/computing-receptive-fields/
    - Richter et al., Should You Go Deeper?, 2021, https://arxiv.org/abs/2106.12307
    """

    code = "S31"
    name = "receptive-field-mismatch"
    since = "0.1"
    reads = (EffectiveField, Features, ImageAnswers)

    min_share: float = threshold(
        0.20,
        unit="share of the image's side",
        because="less than half an object that fills half of the image; one healthy network saw "
        "0.24",
    )
    min_overshoot: int = threshold(
        3,
        unit="convolutions behind the one that sees everything",
        because="one or two are common in good networks (Richter 2021)",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None:
            return
        said: set[str] = set()
        for ending in shape.endings:
            if ending.kind == "pooled" and ending.layer not in said:
                said.add(ending.layer)
                yield self._small(subject, shape, ending)
        tail = _tail(subject, shape)
        if len(tail) > self.min_overshoot and tail[-1] not in said:
            yield self._large(subject, tail)

    def _small(self, subject: Subject, shape: Geometry, ending: Ending) -> Opinion:
        sight = shape.sights[ending.layer]
        image = min(shape.image)
        if sight.largest >= self.min_share * image:
            return Healthy(ending.layer)
        measured = subject.last(ending.layer, EffectiveField)
        side = measured.value.side if measured else float("nan")
        evidence = Nearsighted(round(sight.largest), image, self.min_share, side)
        return Suspicion(ending.layer, Severity.WARNING, evidence, step=0)

    def _large(self, subject: Subject, tail: tuple[str, ...]) -> Opinion:
        answers = subject.last("", ImageAnswers)
        looks = [subject.last(n, Features, part_of(subject.layer(n))) for n in (tail[0], tail[-1])]
        first, final = looks
        if answers is None or first is None or final is None:
            return Unjudged(tail[-1], "features and labels of the probe images")
        labels = answers.value.label
        if not len(labels) == len(first.value.scores) == len(final.value.scores):
            return Unjudged(tail[-1], "features and labels of the same images")
        answered = [chosen(out_of_fold(look.value.scores, labels)) for look in (first, final)]
        loss = accuracy_gain(answered[1], answered[0], labels)
        if not loss.images:
            return Unjudged(tail[-1], "5 images of each of two classes")
        if not (loss.p_value < 0.01 and loss.gain > 0.05):
            return Healthy(tail[-1], loss.images, final.step)
        evidence = Overshoot(tail[0], len(tail) - 1, loss.after, loss.before, loss.p_value)
        return Suspicion(tail[-1], Severity.WARNING, evidence, images=loss.images, at=final.step)


def _tail(subject: Subject, shape: Geometry) -> tuple[str, ...]:
    """The first convolution that sees more than the image on every way, and those after it."""
    found: list[str] = []
    side = max(shape.image)
    for layer in subject.layers:
        sight = shape.sights.get(layer.name)
        if layer.kind is not LayerKind.CONV or layer.head or sight is None:
            continue
        if all(a.smallest >= side for a in sight.axes) and np.isfinite(sight.smallest):
            found.append(layer.name)
    return tuple(found)
