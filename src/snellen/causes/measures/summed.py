"""Whether updates follow gradients of their own step, or sums of all before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.record import Clock, Entry
from snellen.stats import WeightUpdate
from snellen.symptoms.facts import whole
from snellen.symptoms.optimiser import adaptive, rates_by_step
from snellen.symptoms.phases import number

MANY_KEPT = 0.1
"""Share of the updates that began with old gradients; a correct loop has none."""
OUTGROWN = 2.0
"""Beyond the largest gradient seen times what the momentum makes of it. Healthy trainings stay
below 1.1; of batches of one image, whose gradients scatter most, the gallery has 1.8."""
FIRST_STEPS = 40
"""Sums of gradients outgrow them at once; later the scale of the gradients themselves changes."""


def summed(case: Case) -> bool | None:
    """Whether gradients pile up: as the framework's counters say, or as updates show that outgrow
    them. `None` where neither is known."""
    steps, kept = whole(case.subject, "gradient_steps"), whole(case.subject, "gradients_kept")
    if steps is not None and kept is not None and steps >= 3 and kept > MANY_KEPT * steps:
        return True
    found = outgrown(case)
    if found is not None:
        return found[0] > OUTGROWN
    return False if steps is not None and steps >= 3 and kept is not None else None


@lru_cache(maxsize=8)
def outgrown(case: Case) -> tuple[float, int] | None:
    """How far updates went beyond what fresh gradients can make of them, and at which step: the
    second largest of the first steps seen.

    A step of SGD with momentum m is at most (1 + m + m² + ...) times as large as the largest
    gradient until then. That is taken from the first update, which is one gradient and nothing
    else, and from the gradients measured since. `None` for optimisers that rescale gradients, and
    where fewer than 4 steps were seen.
    """
    subject = case.subject
    if not subject.facts.get("optimizer") or adaptive(subject):
        return None
    momentum = number(subject, "momentum") or 0.0
    if not 0 <= momentum < 1:
        return None
    by_step: dict[int, list[float]] = {}
    for layer in case.weighted:
        history = subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        for step, times in _times(history, _rates(case), momentum):
            by_step.setdefault(step, []).append(times)
    if len(by_step) < 4:
        return None
    ranked = sorted((float(np.median(times)), step) for step, times in by_step.items())
    return ranked[-2]


def _times(
    history: Sequence[Entry[WeightUpdate]], rates: Mapping[int, float], momentum: float
) -> Iterable[tuple[int, float]]:
    """By step, one layer's update over the most that its gradients until then can make of it."""
    largest = 0.0
    for entry in history:
        seen, step, rate_then = entry.value, entry.step, rates.get(entry.step, rates.get(-1, 0.0))
        if step > FIRST_STEPS or not rate_then > 0:
            continue
        moved = seen.update_norm / rate_then
        if np.isfinite(seen.gradient_norm):
            largest = max(largest, seen.gradient_norm)
        if step == 0:
            largest = max(largest, moved) if np.isfinite(moved) else largest
        elif history[0].step == 0 and np.isfinite(moved) and largest > 0:
            summed = (1 - momentum ** (step + 1)) / (1 - momentum)
            yield step, moved / summed / largest


def _rates(case: Case) -> dict[int, float]:
    """Learning rates by step; at -1 the one of all other steps."""
    known = dict(rates_by_step(case.subject))
    general = number(case.subject, "learning_rate")
    return known | ({} if general is None else {-1: general})
