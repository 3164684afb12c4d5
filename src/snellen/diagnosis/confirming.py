"""Putting a diagnosis to the proof: trials until the causes are ruled on or the time is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from snellen.causes import Case
from snellen.trials.campaign import Campaign
from snellen.trials.engines import Engine
from snellen.trials.process import Workplace
from snellen.trials.proof import Suspects
from snellen.trials.trial import Done

USUAL_TRIALS = 18
"""Trials that a ruling usually takes; by it the length of one is chosen."""
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


def length(steps: int, training_seconds: float, budget_seconds: float, slots: int) -> int | None:
    """Updates after which a trial is ended, so that so many trials fit the budget; `None` where
    whole trainings do."""
    each = budget_seconds * slots / USUAL_TRIALS - START_SECONDS
    if training_seconds <= 0 or training_seconds <= each or not steps:
        return None
    return min(steps, max(LEAST_STEPS, int(steps * max(each, 0.0) / training_seconds)))


def confirm(
    case: Case,
    suspects: Suspects,
    workplace: Workplace,
    engine: Engine,
    *,
    budget_seconds: float,
    clock: Callable[[], float],
    known: Sequence[Done] = (),
    keep: Callable[[Done], None] = lambda done: None,
    tell: Callable[[Step], None] = lambda step: None,
) -> tuple[list[Done], str]:
    """Make the trials that rule on these causes, most believed first; all results, and why it
    ended.

    `known` are results of an earlier call, which are not made again; `keep` is given each new one
    at once. Ends where enough is known (`settled`), where the next trial would not fit the budget
    (`budget`), or where there is nothing to try (`no trial`).
    """
    began, done = clock(), list(known)
    seconds = float(case.subject.facts.get("training_seconds") or 0.0)
    steps = length(case.subject.steps, seconds, budget_seconds, engine.slots)
    campaign = Campaign(case, suspects, steps)
    if not campaign.decidable:
        return done, "no trial"
    # Results of other lengths do not compare.
    done = [one for one in done if one.trial.max_steps == steps]
    while wanted := campaign.next(done):
        left = budget_seconds - (clock() - began)
        expected = _expected(done, seconds, steps, case.subject.steps)
        fitting = wanted[: max(0, int(left // expected)) * engine.slots]
        if not fitting:
            return done, "budget"
        most = max(SLACK * expected, LEAST_SECONDS)
        given = [replace(trial, max_seconds=most) for trial in fitting]
        for number, one in enumerate(engine.run(workplace, given), 1):
            done.append(one)
            keep(one)
            rest = ceil((len(given) - number) / engine.slots)
            tell(Step(one, len(done), len(done) + len(given) - number, rest * expected))
    return done, "settled"


def _expected(
    done: Sequence[Done], training_seconds: float, max_steps: int | None, steps: int
) -> float:
    """Seconds that a trial will take, by those that were made."""
    taken = [one.seconds for one in done if one.usable]
    if taken:
        return max(sum(taken) / len(taken), 0.1)
    share = 1.0 if max_steps is None or not steps else max_steps / steps
    return START_SECONDS + share * training_seconds
