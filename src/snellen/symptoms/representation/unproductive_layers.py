"""S14 unproductive-layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import ChannelStructure, Features
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import labels_of_probe
from snellen.symptoms.finite import median
from snellen.symptoms.phases import Phase
from snellen.symptoms.probing import Gain, accuracy_gain, chosen, out_of_fold
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import percent

Ints = npt.NDArray[np.int64]

PROBES = 12
"""Layers that are probed at most: a probe takes some hundredths of a second."""


@dataclass(frozen=True)
class Plateau:
    """Layers behind which nothing new can be read."""

    layers: int
    """Layers that add nothing."""
    of: int
    """Hidden layers."""
    after: str
    """The last layer that added something."""
    before: float
    """Out-of-fold accuracy of a linear probe there, and (`behind`) at the last layer."""
    behind: float
    error: float
    """Standard error of the difference."""
    saturation: float
    """Median share of directions in use over these layers, and (`elsewhere`) over the others."""
    elsewhere: float
    images: int

    def sentence(self) -> str:
        return (
            f"a linear probe reads {percent(self.before)} of {self.images} images after "
            f"{self.after} and {percent(self.behind)} after the last of {self.layers} more "
            f"layers (± {percent(self.error)}), which use {percent(self.saturation)} of their "
            f"directions, the others {percent(self.elsewhere)}"
        )


@dataclass(frozen=True)
class UnproductiveLayers(Symptom):
    """Layers at the end of the network that add nothing to what the ones before them knew.

    ## What it finds
    Three or more last hidden layers, a quarter of the network at least, after which a linear probe
    reads the classes no better than before them (by less than one standard error), and which use
    less than half as many of their directions as the other layers. The probe is fitted out of fold
    on the probe images' pooled maps.

    ## Why it matters
    These layers cost time and memory and could be left out. That says nothing against the result:
    it is advice, never an alarm.

    ## Common causes
    A network far deeper than the task needs; images smaller than the network was made for, so
    that the receptive field of the last layers sees only padding anew.

    ## What looks similar
    Maps are pooled to 2×2 before they are read, so early layers look worse than they are, never
    better. With few images the standard error is large: fewer than 100 decide nothing. Layers
    that untangle classes a deeper probe would need are productive though a linear probe gains
    little.

    ## Example
    A VGG of 16 layers on images of 16×16: what can be read is there after layer 8.

    ## References
    - Alain & Bengio, Understanding intermediate layers using linear classifier probes, 2016,
      https://arxiv.org/abs/1610.01644
    - Richter et al., Should You Go Deeper?, 2021, https://arxiv.org/abs/2106.12307
    """

    code = "S14"
    name = "unproductive-layers"
    since = "0.1"
    reads = (Features, ChannelStructure)
    phases = frozenset({Phase.LATE})
    min_images = 100

    min_layers: int = threshold(3, unit="layers", because="fewer are hardly worth leaving out")
    min_share: float = threshold(
        0.25, unit="share of the hidden layers", because="less is a matter of taste"
    )
    max_saturation: float = threshold(
        0.5,
        unit="share of the other layers' median saturation",
        because="layers that work use their directions (Richter et al. 2021)",
    )
    least_accuracy: float = threshold(
        0.5,
        unit="share of the way from chance to perfection",
        because="where little can be read anywhere, the last layers are not to blame",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = [
            (x, entry)
            for x in subject.layers
            if not x.head and (entry := subject.last(x.name, Features, part_of(x))) is not None
        ]
        if len(seen) <= self.min_layers:
            return
        last = seen[-1][1]
        images = len(last.value.scores)
        labels = labels_of_probe(subject, images)
        if labels is None:
            return
        seen = [(x, e) for x, e in seen if e.step == last.step and len(e.value.scores) == images]
        if len(seen) <= self.min_layers:
            yield Unjudged("", "one look at more of the layers")
            return
        tail = self._tail(subject, seen, labels)
        if tail is None:
            yield Healthy("", images, last.step)
            return
        first, evidence = tail
        yield Suspicion(
            seen[first][0].name,
            Severity.NOTE,
            evidence,
            step=last.step,
            images=images,
            at=last.step,
        )

    def _tail(
        self, subject: Subject, seen: list[tuple[Layer, Entry[Features]]], labels: Ints
    ) -> tuple[int, Plateau] | None:
        """The first of the layers that add nothing, and what shows it; `None` where there are
        none."""
        answers: dict[int, Ints] = {}

        def read(n: int) -> Ints:
            if n not in answers:
                answers[n] = chosen(out_of_fold(seen[n][1].value.scores, labels))
            return answers[n]

        end = len(seen) - 1
        kept = max(self.min_layers, int(np.ceil(self.min_share * len(seen))))
        saturation = [_saturation(subject, layer) for layer, _ in seen]
        splits = [n for n in range(end - kept + 1) if self._idle(saturation, n + 1)]
        if not splits or not self._reads(read(end), labels):
            return None
        # The longest tail first; where there are many, in even strides, as the probes allow.
        for n in splits[:: max(1, int(np.ceil(len(splits) / (PROBES - 1))))]:
            gain = accuracy_gain(read(n), read(end), labels)
            if _no_gain(gain):
                break
        else:
            return None
        first = n
        return first + 1, Plateau(
            layers=end - first,
            of=len(seen),
            after=seen[first][0].name,
            before=gain.before,
            behind=gain.after,
            error=gain.standard_error,
            saturation=median(saturation[first + 1 :]),
            elsewhere=median(saturation[: first + 1]),
            images=gain.images,
        )

    def _idle(self, saturation: list[float], first: int) -> bool:
        """Whether the layers from here on use few of their directions."""
        return median(saturation[first:]) < self.max_saturation * median(saturation[:first])

    def _reads(self, answers: Ints, labels: Ints) -> bool:
        """Whether the last layer's probe reads the classes well."""
        known = (answers >= 0) & (labels >= 0)
        if not known.any():
            return False
        chance = float(np.bincount(labels[known]).max() / known.sum())
        right = float((answers == labels)[known].mean())
        return right - chance >= self.least_accuracy * (1 - chance)


def _no_gain(gain: Gain) -> bool:
    return gain.images > 1 and gain.gain < max(gain.standard_error, 1 / gain.images)


def _saturation(subject: Subject, layer: Layer) -> float:
    entry = subject.last(layer.name, ChannelStructure, part_of(layer))
    return entry.value.saturation if entry else float("nan")
