"""Which phase of training a step belongs to (CATALOGUE §0.2, gate 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from snellen.record import Clock, Subject
from snellen.stats import Targets
from snellen.symptoms.finite import real

WARM_UP_STEPS = 100
"""Steps before which nothing is expected of a training."""
SEVERAL_EPOCHS = 3
"""Epochs done after which a short run counts as a training that was meant to be this short."""


class Phase(StrEnum):
    """In the order a training goes through them."""

    INIT = "init"
    """Before the first update."""
    WARM_UP = "warm-up"
    EARLY = "early"
    LATE = "late"


@dataclass(frozen=True)
class Timeline:
    """Where the phases of one training begin, in optimiser steps."""

    warm_up_end: int
    """First step after the warm-up."""
    early_end: int
    """First step of the late phase; never before `warm_up_end`."""

    def phase(self, step: int) -> Phase:
        if step <= 0:
            return Phase.INIT
        if step < self.warm_up_end:
            return Phase.WARM_UP
        return Phase.EARLY if step < self.early_end else Phase.LATE


def timeline(subject: Subject) -> Timeline:
    """The phases of this subject's training.

    The warm-up lasts one epoch and at least 100 steps. A training that did at least three epochs in
    fewer than 300 steps was meant to be that short: its warm-up is a third of what it did. The
    early phase ends at 20% of the planned steps, or once the training loss lies half of the prior
    loss below it.
    """
    steps = subject.steps
    warm_up = max(WARM_UP_STEPS, number(subject, "steps_per_epoch") or 0)
    if (number(subject, "epochs") or 0) >= SEVERAL_EPOCHS:
        warm_up = min(warm_up, steps / 3)
    planned = number(subject, "planned_steps") or float(steps)
    early = min(0.2 * max(planned, steps), _half_learnt(subject))
    warm_up_end = max(1, int(np.ceil(warm_up)))
    return Timeline(warm_up_end, max(warm_up_end, int(np.ceil(early))))


def number(subject: Subject, key: str) -> float | None:
    """A fact that is a finite number, or `None`."""
    return real(subject.facts.get(key))


def _half_learnt(subject: Subject) -> float:
    """First step at which the loss, smoothed over 10 values, has fallen by half of the prior
    loss."""
    series = subject.losses.get("train")
    targets = subject.history("", Targets, "", Clock.INLINE)
    prior = targets[-1].value.prior_loss if targets else float("nan")
    if series is None or len(series.values) < 10 or not np.isfinite(prior) or prior <= 0:
        return float("inf")
    smooth = np.convolve(series.values, np.full(10, 0.1), "valid")
    below = np.flatnonzero(smooth <= smooth[0] - 0.5 * prior)
    return float(series.steps[below[0] + 9]) if len(below) else float("inf")
