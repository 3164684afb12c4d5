"""S26 weight-explosion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class Growth:
    """Filters that grew out of proportion."""

    median: float
    """Of the filters: largest over the looks of norm over initial norm (a norm of at least the
    usual start)."""
    step: int
    allowed: float
    largest_weight: float
    """At the last look; NaN where a weight is not finite."""

    def sentence(self) -> str:
        largest = (
            f"; the largest weight is {amount(self.largest_weight)}"
            if np.isfinite(self.largest_weight)
            else ""
        )
        return (
            f"the median filter's norm was {amount(self.median)} times its start at step "
            f"{self.step} (allowed: {amount(self.allowed)}){largest}"
        )


@dataclass(frozen=True)
class WeightExplosion(Symptom):
    """Weights that grew to many times their beginning.

    ## What it finds
    Layers without normalisation whose median filter grew to many times the norm it began with.
    Filters that began smaller than is usual are measured against the usual size.

    ## Why it matters
    The next layer then reads values far beyond those it was initialised for: rectifiers die,
    sigmoid and softmax saturate, and a later, smaller step can't bring the weights back.

    ## Common causes
    A learning rate too high (Adam moves every weight by the full rate at its first steps); loss
    values or targets that are not scaled; no weight decay under a loss that can always be lowered
    by larger weights.

    ## What looks similar
    Before a normalisation the size of weights does not matter, and they grow in healthy trainings:
    such layers are not judged. Small initial weights grow several times over while they learn.

    ## Example
    Adam with a learning rate of 0.1 on a plain network: filters grow 5 to 21 times within an epoch,
    where healthy ones stay below 2.3.

    ## References
    - Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    """

    code = "S26"
    name = "weight-explosion"
    since = "0.1"
    reads = (WeightState,)
    learning_only = True

    max_growth: float = threshold(
        6.0,
        unit="times the initial norm, median of the filters",
        because="healthy trainings ended at 1.0 to 2.3 times (heads at 4), broken ones at 5 to 21",
    )
    error_growth: float = threshold(
        10.0, unit="times the initial norm", because="no healthy training came near it"
    )
    least_norm: float = threshold(
        0.5,
        unit="norm of a filter",
        because="usual initialisations give filters of norm 0.58 (PyTorch) to 1.4 (He)",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if not layer.weighted or layer.normalised:
                continue
            looks = subject.history(layer.name, WeightState)
            sizes = [(self._growth(e.value), e.step) for e in looks]
            sizes = [(size, step) for size, step in sizes if np.isfinite(size)]
            if not sizes:
                yield Unjudged(layer.name, "a look at its weights")
                continue
            worst, step = max(sizes)
            if worst <= self.max_growth:
                yield Healthy(layer.name)
                continue
            yield Suspicion(
                layer.name,
                Severity.ERROR if worst > self.error_growth else Severity.WARNING,
                Growth(worst, step, self.max_growth, looks[-1].value.largest),
                step=next(at for size, at in sizes if size > self.max_growth),
            )

    def _growth(self, state: WeightState) -> float:
        norm, began = np.asarray(state.norm), np.asarray(state.initial_norm)
        kept = np.isfinite(norm) & np.isfinite(began) if len(norm) == len(began) else None
        if kept is None or not kept.any():
            return float("nan")
        return float(np.median(norm[kept] / np.maximum(began[kept], self.least_norm)))
