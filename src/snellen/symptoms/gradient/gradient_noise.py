"""S23 gradient-noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import GradientNoise, ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.outcome import training_loss
from snellen.symptoms.phases import number
from snellen.symptoms.progress import unlearnt
from snellen.symptoms.wording import amount, count


@dataclass(frozen=True)
class Confusion:
    """Batches whose gradients have next to nothing in common."""

    noise_scale: float
    """Images after which signal and noise are even; NaN: the common direction is lost in noise."""
    batch: int
    """Images per update."""
    cosine: float
    """Median over pairs of micro-batches."""
    micro_batch: int
    allowed: float

    def sentence(self) -> str:
        scale = (
            f"{amount(self.noise_scale)} images would be needed for a gradient that is half signal"
            if np.isfinite(self.noise_scale)
            else "batches have no direction in common"
        )
        return (
            f"{scale}, and one update uses {self.batch} (allowed: {amount(self.allowed)} times as "
            f"many); gradients of {count(self.micro_batch, 'image')} each agree by a cosine of "
            f"{amount(self.cosine)}"
        )


@dataclass(frozen=True)
class GradientNoiseScale(Symptom):
    """Updates that follow the accidents of their batch.

    ## What it finds
    Gradients of small batches of the probe that have next to no direction in common, in a training
    that has learnt little: the noise scale, the number of images at which signal and noise are
    even, is more than a hundred times the batch of one update.

    ## Why it matters
    Steps then cancel each other. The loss jumps from batch to batch and hardly falls.

    ## Common causes
    Batches of one or a few images; a learning rate too high for them; labels that have nothing to
    do with the images.

    ## What looks similar
    The noise scale grows in every training: the better the network fits, the less of the gradient
    is common to all images. So a network that has learnt more than half of its loss is not judged
    by it; nor is one that stands still, where hardly any gradient is left. Normalisation over the
    batch couples its images; the probe is measured without it.

    ## Example
    SGD on one image at a time: the loss stays at that of guessing, and it would take 500 images for
    a gradient that is half signal.

    ## References
    - McCandlish et al., An Empirical Model of Large-Batch Training, 2018,
      https://arxiv.org/abs/1812.06162
    - Sankararaman et al., The Impact of Neural Network Overparameterization on Gradient Confusion
      and Stochastic Gradient Descent, 2020, https://arxiv.org/abs/1904.06963
    """

    code = "S23"
    name = "gradient-noise"
    since = "0.1"
    reads = (GradientNoise, ImageAudit)

    max_scale: float = threshold(
        100.0,
        unit="noise scale over the images of one update",
        because="trainings within their first half stayed below 50",
    )
    max_unrest: float = threshold(
        0.1,
        unit="spread of the loss from step to step, over its mean",
        because="where the network stands still at the loss of guessing batches of 64 differ by 2%",
    )
    min_pairs: int = threshold(6, unit="pairs of micro-batches", because="four of them at least")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = subject.last("", GradientNoise)
        if seen is None:
            return
        noise, step = seen.value, seen.step
        batch = _batch(subject)
        cosines = np.asarray(noise.cosines, np.float64)
        # Gradients that are zero, as behind dead channels, have no direction to be lost.
        finite = cosines[np.isfinite(cosines)]
        known = np.isfinite(noise.squared_norm) and np.isfinite(noise.trace) and noise.trace > 0
        if batch < 1 or len(finite) < self.min_pairs or not known:
            yield Unjudged("", "gradients of at least four small batches, and the batch size")
            return
        scale = noise.noise_scale
        lost = scale > self.max_scale * batch or noise.squared_norm <= 0
        if not lost or not unlearnt(subject) or _unrest(subject) <= self.max_unrest:
            yield Healthy("", at=step)
            return
        yield Suspicion(
            "",
            Severity.WARNING,
            Confusion(
                scale,
                batch,
                float(np.median(finite)),
                noise.batch,
                self.max_scale,
            ),
            at=step,
        )


def _unrest(subject: Subject) -> float:
    """Spread of the training loss from step to step over its mean, over the last half; 0 where
    fewer than ten losses were seen."""
    series = training_loss(subject)
    values = np.zeros(0) if series is None else series.values[len(series.values) // 2 :]
    values = values[np.isfinite(values)]
    if len(values) < 10 or not values.mean() > 0:
        return 0.0
    return float(np.diff(values).std() / np.sqrt(2) / values.mean())


def _batch(subject: Subject) -> int:
    """Images per update: as the script's loader shows them, or as they went by; 0: not known."""
    known = number(subject, "batch_size")
    audit = subject.last("", ImageAudit, "", Clock.INLINE)
    if known is None and audit is not None and audit.value.batches > 0:
        known = audit.value.images / audit.value.batches
    return max(1, round(known)) if known is not None and known > 0 else 0
