"""S37 degenerate-normalisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import NormalisationState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, threshold
from snellen.symptoms.normalisation.normalisation_mode_mismatch import last_states
from snellen.symptoms.phases import number
from snellen.symptoms.wording import amount, percent

MOSTLY_START = 2.0
"""Times what is left of its start: a running variance below it says little of the maps."""


@dataclass(frozen=True)
class Drowned:
    """Variances that are small beside the constant added to them."""

    channels: int
    of: int
    allowed: float
    variance: float
    """Median variance of these channels on the probe; the running one where that is not known."""
    epsilon: float

    @property
    def spread(self) -> float:
        """Standard deviation that is left behind the normalisation, instead of 1."""
        return float(np.sqrt(self.variance / (self.variance + self.epsilon)))

    def sentence(self) -> str:
        return (
            f"{self.channels} of {self.of} channels have a variance below the constant that is "
            f"added to it (median {amount(self.variance)}, epsilon {amount(self.epsilon)}; "
            f"allowed: {percent(self.allowed)}): they leave with a spread of "
            f"{amount(self.spread)} instead of 1"
        )


@dataclass(frozen=True)
class SingleValue:
    """A batch whose channels have one value each: it is its own mean."""

    batch: int

    def sentence(self) -> str:
        return (
            "batches of 1 image and maps of one position give one value per channel (allowed: at "
            "least 2): in training what leaves the normalisation is the same for all images"
        )


@dataclass(frozen=True)
class DegenerateNormalisation(Symptom):
    """Batch normalisation of what hardly varies.

    ## What it finds
    Batch normalisations in which half of the channels or more have a running variance below
    epsilon, the constant that is added to keep the division sound, on the probe as well as
    remembered. They are not normalised: they leave with the little spread they came with. Also
    batches of one image on maps of one position.

    ## Why it matters
    Behind such a layer the signal is as weak as before it, and rounding and noise count as much as
    the image. Where statistics rest on a single value, the output is a constant while training.

    ## Common causes
    Images divided by 255 twice; weights that began far too small; an epsilon too large for the
    signal (Keras adds 1e-3, PyTorch 1e-5); a constant or dead layer before it.

    ## What looks similar
    A normalisation with a scale near zero is S24. Single quiet channels are pruned or dead ones,
    S01. A bias before a normalisation does nothing and no harm.

    ## Example
    Images divided by 255 twice in Keras: variances of 1e-6 beside an epsilon of 1e-3.

    ## References
    - Ioffe and Szegedy, Batch Normalization, 2015, https://arxiv.org/abs/1502.03167
    """

    code = "S37"
    name = "degenerate-normalisation"
    since = "0.1"
    reads = (NormalisationState,)

    max_share: float = threshold(
        0.5, unit="share of channels", because="single channels die in many healthy networks"
    )
    max_ratio: float = threshold(
        1.0,
        unit="times epsilon",
        because="from there on a spread of 0.7 or less is left instead of 1",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        states = last_states(subject)
        for layer in subject.layers:
            if layer.name in states:
                yield self._opinion(subject, layer, states[layer.name])

    def _opinion(self, subject: Subject, layer: Layer, state: NormalisationState) -> Opinion:
        batch = number(subject, "batch_size")
        if batch == 1 and prod(layer.positions) == 1 and layer.trainable:
            return Suspicion(layer.name, Severity.ERROR, SingleValue(1), step=0)
        limit = self.max_ratio * state.epsilon
        remembered, seen = state.running_variance, state.probe_variance
        # What is remembered began with a variance of 1, and holds some of it for many steps.
        left = state.kept ** max(subject.steps, 1) if 0 <= state.kept <= 1 else 0.0
        quiet = np.where(np.isfinite(seen), seen < limit, remembered < limit)
        quiet &= remembered < max(limit, MOSTLY_START * left)
        number_quiet, of = int(quiet.sum()), len(quiet)
        if not number_quiet or number_quiet < self.max_share * of:
            return Healthy(layer.name)
        variance = np.where(np.isfinite(seen), seen, remembered)
        median = float(np.median(variance[quiet]))
        evidence = Drowned(number_quiet, of, self.max_share, max(median, 0.0), state.epsilon)
        channels = tuple(int(c) for c in np.flatnonzero(quiet))
        return Suspicion(layer.name, Severity.WARNING, evidence, channels)
