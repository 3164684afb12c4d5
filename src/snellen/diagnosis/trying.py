"""Trials one after the other, until enough is known or the time is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from snellen.causes import Case
from snellen.trials.engines import Engine
from snellen.trials.process import Workplace
from snellen.trials.trial import Done, Trial

USUAL_TRIALS = 18
"""Trials that a question usually takes; by it the length of one is chosen."""
START_SECONDS = 8.0
"""What a process takes beside the training: importing a framework, looking, judging."""
SLACK = 6.0
"""Times its expected time that a trial may take."""
LEAST_SECONDS = 60.0
"""What every trial may take, however short it is expected to be."""
LEAST_STEPS = 50


@dataclass(frozen=True)
class Step:
    """What is told while trials are made."""

    done: Done
    finished: int
    known: int
    """Trials that are finished or were begun; more may follow."""
    seconds_left: float
    """Until those are finished, at the most."""


@dataclass(frozen=True)
class Means:
    """What trials are made with."""

    workplace: Workplace
    engine: Engine
    budget_seconds: float
    clock: Callable[[], float]
    """Seconds from any beginning."""
    keep: Callable[[Done], None] = lambda done: None
    """Is given each new result at once."""
    tell: Callable[[Step], None] = lambda step: None


def length(steps: int, training_seconds: float, budget_seconds: float, slots: int) -> int | None:
    """Updates after which a trial is ended, so that so many trials fit the budget; `None` where
    whole trainings do."""
    each = budget_seconds * slots / USUAL_TRIALS - START_SECONDS
    if training_seconds <= 0 or training_seconds <= each or not steps:
        return None
    return min(steps, max(LEAST_STEPS, int(steps * max(each, 0.0) / training_seconds)))


def length_for(case: Case, means: Means) -> int | None:
    """The same for this training."""
    return length(case.subject.steps, _seconds(case), means.budget_seconds, means.engine.slots)


def carry_out(
    following: Callable[[Sequence[Done]], list[Trial]],
    case: Case,
    means: Means,
    known: Sequence[Done],
    max_steps: int | None,
) -> tuple[list[Done], str]:
    """Make the trials that `following` asks for, by all results so far, until it asks for none; all
    results, and why it ended: `settled`, or `budget` where the next trial would not fit it.

    `known` are results of an earlier call, which are not made again.
    """
    began, done = means.clock(), list(known)
    while wanted := following(done):
        left = means.budget_seconds - (means.clock() - began)
        expected = _expected(done, case, max_steps)
        fitting = wanted[: max(0, int(left // expected)) * means.engine.slots]
        if not fitting:
            return done, "budget"
        most = max(SLACK * expected, LEAST_SECONDS)
        given = [replace(trial, max_seconds=most) for trial in fitting]
        for number, one in enumerate(means.engine.run(means.workplace, given), 1):
            done.append(one)
            means.keep(one)
            rest = ceil((len(given) - number) / means.engine.slots)
            means.tell(Step(one, len(done), len(done) + len(given) - number, rest * expected))
    return done, "settled"


def _expected(done: Sequence[Done], case: Case, max_steps: int | None) -> float:
    """Seconds that a trial will take, by those that were made."""
    taken = [one.seconds for one in done if one.usable]
    if taken:
        return max(sum(taken) / len(taken), 0.1)
    steps = case.subject.steps
    share = 1.0 if max_steps is None or not steps else max_steps / steps
    return START_SECONDS + share * _seconds(case)


def _seconds(case: Case) -> float:
    return float(case.subject.facts.get("training_seconds") or 0.0)
