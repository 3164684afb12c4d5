"""S18 unstable-maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import Similarity
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.finite import median
from snellen.symptoms.phases import Phase, Timeline, number, timeline
from snellen.symptoms.progress import unlearnt
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class Churn:
    """Maps of the same images that keep changing late in training."""

    cka: float
    """Median similarity of the layer's features between consecutive checks (unbiased linear
    CKA)."""
    correlation: float
    """Median correlation of the layer's maps between consecutive checks."""
    unstable: int
    checks: int
    images: int
    first_step: int
    last_step: int
    min_cka: float
    min_correlation: float

    def sentence(self) -> str:
        seen = [
            f"{name} {amount(value)} (allowed: at least {least:g})"
            for name, value, least in (
                ("similarity (CKA)", self.cka, self.min_cka),
                ("correlation", self.correlation, self.min_correlation),
            )
            if np.isfinite(value)
        ]
        return (
            f"between checks from step {self.first_step} to {self.last_step} the maps of the same "
            f"{self.images} images changed in {self.unstable} of {self.checks}: "
            f"{', '.join(seen)}"
        )


@dataclass(frozen=True)
class UnstableMaps(Symptom):
    """Maps of the same images that keep changing when they should have settled.

    ## What it finds
    Layers whose maps of the fixed probe images still differ from one check to the next in the late
    phase of the training, in at least two of the last three checks. Compared are pooled features
    (unbiased linear CKA) and the maps themselves (correlation). Where both show that less than half
    survives, and more than half of the loss is left, that is the harm itself.

    ## Why it matters
    Later layers chase a moving target, and what the network knows at the end is an accident of the
    last steps.

    ## Common causes
    A learning rate too high; labels that carry no signal; batches too small; a schedule that never
    falls.

    ## What looks similar
    Maps change much in the first epochs of every training. A restart or jump of the learning rate
    stirs them on purpose: such checks are left out, as are checks that lie further apart than one
    epoch. Dead layers have no similarity and are not counted. A head's logits may keep growing and
    are not judged.

    ## Example
    Adam with a learning rate of 1 on standardised images: the loss swings, and CKA from epoch to
    epoch lies between 0.1 and 0.9.

    ## References
    - Kornblith et al., Similarity of Neural Network Representations Revisited, 2019,
      https://arxiv.org/abs/1905.00414
    - Davari et al., Reliability of CKA as a Similarity Measure in Deep Learning, 2022,
      https://arxiv.org/abs/2210.16156
    """

    code = "S18"
    name = "unstable-maps"
    since = "0.1"
    reads = (Similarity,)
    phases = frozenset({Phase.LATE})
    min_images = 50

    min_cka: float = threshold(
        0.8,
        unit="unbiased linear CKA between checks",
        because="healthy networks had 0.97 and more after ten epochs, 0.85 at 18 layers",
    )
    min_correlation: float = threshold(
        0.7,
        unit="median correlation of maps between checks",
        because="random labels gave 0.2 to 0.7, healthy networks more",
    )
    error_below: float = threshold(
        0.5, unit="CKA or correlation", because="less than half of the maps survives a check"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        phases = timeline(subject)
        for layer in subject.layers:
            if layer.head:
                continue
            history = subject.history(layer.name, Similarity, part_of(layer))
            if not history and layer.activation is None:
                history = subject.history(layer.name, Similarity, "pre")
            yield self._opinion(subject, layer, history, phases)

    def _opinion(
        self,
        subject: Subject,
        layer: Layer,
        history: tuple[Entry[Similarity], ...],
        phases: Timeline,
    ) -> Opinion:
        defined = [e for e in history if np.isfinite([e.value.cka, e.value.correlation]).any()]
        settled = [
            e
            for e in defined
            if phases.phase(e.value.previous_step) is Phase.LATE and _comparable(subject, e)
        ][-3:]
        if len(settled) < 2:
            late = phases.early_end
            return Unjudged(
                layer.name, f"two comparable checks of living channels after step {late}"
            )
        bad = [e for e in settled if self._low(e.value, self.min_cka, self.min_correlation)]
        last = settled[-1]
        if len(bad) < 2:
            return Healthy(layer.name, last.value.images, last.step)
        worst = [e for e in bad if self._low(e.value, self.error_below, self.error_below)]
        lost = [e for e in bad if max(e.value.cka, e.value.correlation) < self.error_below]
        return Suspicion(
            layer.name,
            Severity.ERROR if len(worst) >= 2 else Severity.WARNING,
            Churn(
                median([e.value.cka for e in settled]),
                median([e.value.correlation for e in settled]),
                len(bad),
                len(settled),
                last.value.images,
                settled[0].value.previous_step,
                last.step,
                self.min_cka,
                self.min_correlation,
            ),
            step=bad[0].step,
            images=last.value.images,
            at=last.step,
            # Maps that are new at every check, late in a training that has hardly learnt.
            evident=len(lost) >= 2 and unlearnt(subject),
        )

    def _low(self, seen: Similarity, cka: float, correlation: float) -> bool:
        return seen.cka < cka or seen.correlation < correlation


def _comparable(subject: Subject, entry: Entry[Similarity]) -> bool:
    """Whether the two checks lie at most about an epoch apart and the learning rate did not
    jump."""
    epoch = number(subject, "steps_per_epoch") or max(1.0, subject.steps / 5)
    if not 0 < entry.step - entry.value.previous_step <= 1.5 * epoch:
        return False
    before = _rate(subject, entry.value.previous_step)
    now = _rate(subject, entry.step)
    return before is None or now is None or before <= 0 or 1 / 3 <= now / before <= 1.5


def _rate(subject: Subject, step: int) -> float | None:
    """Learning rate on record at this step."""
    for moment in subject.moments:
        if moment.step == step:
            rate: Any = moment.facts.get("learning_rate")
            if isinstance(rate, int | float) and np.isfinite(rate):
                return float(rate)
    return None
