"""S12 redundant-channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import ChannelStructure, ClassResponse
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import class_share
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import count, percent

IDENTICAL = 1 - 1e-5
"""Correlation from which on two channels are one, but for rounding in float32."""


@dataclass(frozen=True)
class Redundancy:
    """Channels that say what another channel of the layer says already."""

    channels: int
    of: int
    """Channels compared that are not constant."""
    identical: int
    """Those whose partner is the same but for its scale."""
    identical_before: int
    """The same before the first step; −1 where that look is missing."""
    samples: int
    allowed_correlation: float
    allowed: float

    def sentence(self) -> str:
        if self.identical == self.channels and self.identical_before >= self.identical:
            return (
                f"{self.identical} of {self.of} channels are copies of another one over "
                f"{self.samples} positions, and were before the first step: training can't tell "
                f"them apart (allowed: {percent(self.allowed)})"
            )
        return (
            f"{self.channels} of {self.of} channels have a correlation beyond "
            f"±{self.allowed_correlation:g} with another one over {self.samples} positions, "
            f"{count(self.identical, 'channel')} an exact one (allowed: {percent(self.allowed)}, "
            "here and in a neighbouring layer)"
        )


def _scales_one_number(layer: Layer) -> bool:
    """Each filter has one weight, as that of a 1×1 convolution of a grey image: all channels are
    multiples of what they read, whatever is learnt."""
    return bool(layer.weight_shape) and prod(layer.weight_shape[1:]) == 1


@dataclass(frozen=True)
class RedundantChannels(Symptom):
    """Channels that repeat one another.

    ## What it finds
    Layers in which at least 90% of the living channels have a correlation beyond ±0.95 with another
    channel of the layer, over positions of all probe images, in at least two layers in a row. And
    layers whose channels were copies of one another before the first step and still are: equal
    filters get equal gradients and stay equal for ever.

    ## Why it matters
    A layer of copies is as narrow as the number of channels that differ, however many it has.

    ## Common causes
    Weights that all start with the same value; a filter copied to widen a network; strong weight
    decay; a signal that lost all but one direction before it came here.

    ## What looks similar
    Healthy networks without normalisation have 31% to 69% of such channels in their first layers:
    much repetition alone is normal. A layer at the end of good training knows only as many
    directions as there are classes. Dead channels have no correlation and are not compared. Few
    positions correlate by chance: fewer than 200 decide nothing. Filters of one weight each, as
    those of a 1×1 convolution of a grey image, can't but repeat what they read: they are left out.

    ## Example
    `torch.nn.init.constant_(conv.weight, 0.05)`: 16 channels, one map.

    ## References
    - Wang et al., Building Efficient Deep Neural Networks with Unitary Group Convolutions, 2019,
      https://arxiv.org/abs/1811.07755
    - Goodfellow et al., Deep Learning, 2016, section 8.4, https://www.deeplearningbook.org
    """

    code = "S12"
    name = "redundant-channels"
    since = "0.1"
    reads = (ChannelStructure, ClassResponse)
    min_images = 20

    max_correlation: float = threshold(
        0.95, unit="magnitude of the correlation", because="the other explains 90% of its variance"
    )
    max_share: float = threshold(
        0.9,
        unit="share of living channels with a partner",
        because="healthy networks had 31% to 69% in their first layers",
    )
    class_share: float = threshold(
        0.5,
        unit="share of the variance between classes",
        because="a binary classifier that works ended with 0.67 and 0.91 in its last layers",
    )
    min_samples: int = threshold(
        200,
        unit="positions over all images",
        because="the largest of 256 chance correlations is 0.55 over 50, and 0.19 over 500",
    )
    min_channels: int = threshold(
        4, unit="living channels", because="two or three may well be alike"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = [
            (x, subject.history(x.name, ChannelStructure, part_of(x)))
            for x in subject.layers
            if not x.head and x.channels >= self.min_channels and not _scales_one_number(x)
        ]
        repeated = [bool(h) and self._repeated(subject, x, h[-1].value) for x, h in seen]
        for n, (layer, history) in enumerate(seen):
            neighbour = any(repeated[max(0, n - 1) : n]) or any(repeated[n + 1 : n + 2])
            opinion = self._opinion(layer, history, repeated[n] and neighbour)
            if opinion is not None:
                yield opinion

    def _opinion(
        self, layer: Layer, history: Sequence[Entry[ChannelStructure]], repeated: bool
    ) -> Opinion | None:
        if not history:
            return Unjudged(layer.name, "an examined look at its channels")
        last = history[-1]
        r = _correlation(last.value)
        if len(r) < self.min_channels:
            return None
        if last.value.samples < self.min_samples:
            missing = self.min_samples - last.value.samples
            return Unjudged(layer.name, count(missing, "more position"))
        first = history[0]
        before = _correlation(first.value) if first.step == 0 and len(history) > 1 else None
        # Equal filters of which none ever differed: the start is the fault, whatever came of it.
        same = _identical(r)
        born_equal = (
            same >= self.max_share * len(r)
            and before is not None
            and _identical(before) >= max(same, self.max_share * len(before))
        )
        if not born_equal and not (repeated and layer.positions):
            return Healthy(layer.name, last.value.images, last.step)
        alike = np.flatnonzero(np.abs(np.nan_to_num(last.value.correlation)) > self.max_correlation)
        return Suspicion(
            layer.name,
            Severity.ERROR if born_equal else Severity.WARNING,
            Redundancy(
                len(alike) if not born_equal else same,
                len(r),
                same,
                -1 if before is None else _identical(before),
                last.value.samples,
                self.max_correlation,
                self.max_share,
            ),
            tuple(int(last.value.chosen[c]) for c in alike),
            0 if born_equal else last.step,
            evident=born_equal,
            images=last.value.images,
            at=last.step,
        )

    def _repeated(self, subject: Subject, layer: Layer, seen: ChannelStructure) -> bool:
        r = _correlation(seen)
        if len(r) < self.min_channels or seen.samples < self.min_samples:
            return False
        share = float((r > self.max_correlation).mean())
        # Channels that all tell the same few classes apart are alike because they have learnt.
        learnt = np.nan_to_num(class_share(subject, layer)) >= self.class_share
        return share >= self.max_share and not learnt


def _correlation(seen: ChannelStructure) -> npt.NDArray[np.float64]:
    """Magnitudes of the correlations of channels that are not constant."""
    return np.abs(seen.correlation[np.isfinite(seen.correlation)])


def _identical(correlation: npt.NDArray[np.float64]) -> int:
    return int((correlation >= IDENTICAL).sum())
