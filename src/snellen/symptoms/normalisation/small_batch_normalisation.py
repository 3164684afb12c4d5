"""S36 small-batch-normalisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ModeGap, NormalisationState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.normalisation.normalisation_mode_mismatch import last_states
from snellen.symptoms.phases import number
from snellen.symptoms.wording import amount, count, percent

FEWEST_COUNTED = 64
"""Of fewer images, some are answered otherwise by chance."""


@dataclass(frozen=True)
class NoisyStatistics:
    """A batch normalisation whose statistics rest on few values."""

    batch: int
    """Images per batch."""
    values: int
    """Values per channel and batch: images × positions."""
    noise: float
    """Relative standard deviation of a batch's variance, √(2 / values)."""
    allowed: float
    measured: float
    """How far running statistics are from those of the probe, in standard deviations or as the
    logarithm of the variances' ratio; NaN: not measured."""
    lost: float
    """Share of images answered wrongly for batches of this size alone; NaN: not measured."""

    def sentence(self) -> str:
        lost = (
            f"; with a batch's own statistics {percent(self.lost)} fewer images are answered "
            "rightly"
            if self.lost > 0
            else ""
        )
        seen = (
            f"; running statistics are {amount(self.measured)} off the probe's"
            if np.isfinite(self.measured)
            else ""
        )
        return (
            f"a batch of {count(self.batch, 'image')} gives {count(self.values, 'value')} per "
            f"channel, so its variance varies by {percent(self.noise)} by chance (allowed: "
            f"{percent(self.allowed)}){seen}{lost}"
        )


@dataclass(frozen=True)
class SmallBatchNormalisation(Symptom):
    """Batch normalisation over too few values.

    ## What it finds
    Batches of fewer than 8 images, and a batch normalisation whose statistics rest on so few values
    per channel (images × positions) that the variance of a batch is off by 30% or more by chance,
    √(2 / values). And the noise was measured: the running statistics are off those of the probe
    images by more than 0.3, or images are answered rightly less often with a batch's own
    statistics than with the running ones.

    ## Why it matters
    What a layer puts out for an image then depends on which others were in its batch. The network
    is trained on noise and evaluated without.

    ## Common causes
    Large images that leave memory for two of them; gradients accumulated over batches of one;
    batches divided over many devices.

    ## What looks similar
    Large maps have many positions: two images of 16×16 are 512 values, and trained well. Group and
    layer normalisation do not depend on the batch.

    ## Example
    `BatchNorm2d` on maps of 2×2 in batches of 2: 8 values, 50% noise.

    ## References
    - Wu and He, Group Normalization, 2018, https://arxiv.org/abs/1803.08494
    """

    code = "S36"
    name = "small-batch-normalisation"
    since = "0.1"
    reads = (NormalisationState, ModeGap)

    min_batch: int = threshold(
        8, unit="images per batch", because="from 8 on batch normalisation does well (Wu, He 2018)"
    )
    max_noise: float = threshold(
        0.3,
        unit="relative standard deviation of a batch's variance",
        because="22 values; two images of 16×16 have 0.06 and trained as well as larger batches",
    )
    max_measured: float = threshold(
        0.3,
        unit="standard deviations, or logarithm of the variances' ratio",
        because="noise that shows in what is remembered as well",
    )
    max_lost: float = threshold(
        0.05,
        unit="share of images answered rightly, running less batch statistics",
        because="the limit of S35, the other way round",
    )
    evident_lost: float = threshold(
        0.10,
        unit="share of images answered rightly, running less batch statistics",
        because="training itself answers so much worse: that is the harm",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        states = last_states(subject)
        if not states:
            return
        gap = subject.last("", ModeGap)
        batch = number(subject, "batch_size") or (gap.value.batch if gap else 0)
        if not batch or batch < 1:
            yield Unjudged("", "to know how many images a batch holds")
            return
        lost = _lost(gap.value) if gap is not None else float("nan")
        worst = self._worst(subject, states, int(batch), lost)
        if worst is None:
            yield Healthy("")
        else:
            yield worst

    def _worst(
        self, subject: Subject, states: dict[str, NormalisationState], batch: int, lost: float
    ) -> Suspicion | None:
        if batch >= self.min_batch:
            return None
        found: Suspicion | None = None
        least = 0
        for layer in subject.layers:
            if layer.name not in states or not layer.trainable:
                continue
            values = batch * max(prod(layer.positions), 1)
            noise = float(np.sqrt(2 / values))
            measured = off(states[layer.name])
            seen = measured > self.max_measured or lost > self.max_lost
            if noise >= self.max_noise and seen and (found is None or values < least):
                evidence = NoisyStatistics(batch, values, noise, self.max_noise, measured, lost)
                evident = lost > self.evident_lost
                found = Suspicion(layer.name, Severity.WARNING, evidence, evident=evident)
                least = values
        return found


def off(state: NormalisationState) -> float:
    """Median over channels of the larger of the two deviations; NaN: not known."""
    with_both = np.maximum(
        np.nan_to_num(state.mean_shift, nan=-1), np.nan_to_num(state.log_variance_ratio, nan=-1)
    )
    known = with_both[with_both >= 0]
    return float(np.median(known)) if len(known) else float("nan")


def _lost(gap: ModeGap) -> float:
    if gap.images < FEWEST_COUNTED or gap.eval_right < 0 or gap.batch_right < 0:
        return float("nan")
    return (gap.eval_right - gap.batch_right) / gap.images
