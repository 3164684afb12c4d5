"""The network in training against the same network in evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.causes.measures.losses import losses
from snellen.stats import Predictions
from snellen.symptoms.facts import record
from snellen.symptoms.finite import real


@dataclass(frozen=True)
class Modes:
    """Loss at the end on training images, dropout on and off."""

    training: float
    evaluation: float
    """On the probe."""

    @property
    def ratio(self) -> float:
        """From 0; a perfect evaluation counts as a loss of 0.001."""
        return self.training / max(self.evaluation, 1e-3)


@lru_cache(maxsize=8)
def modes(case: Case) -> Modes | None:
    """`None` where either loss was not seen at the end, or is not finite."""
    seen = losses(case)
    last = case.subject.last("", Predictions)
    if seen is None or last is None or last.step < 0.8 * case.subject.steps:
        return None
    known = np.isfinite(seen.end) and np.isfinite(last.value.loss) and seen.end > 0
    return Modes(seen.end, last.value.loss) if known else None


def dropout_rates(case: Case) -> dict[str, float]:
    """By layer; those that are never 0. Dropout called as a function is not known."""
    rates: dict[str, float] = {}
    for name, value in record(case.subject, "dropout").items():
        rate = real(value)
        if rate is not None and 0 < rate <= 1:
            rates[str(name)] = rate
    return rates
