"""Which trials to make next, from those that are done: a pure decision, so that it can be resumed.

Sequential (CATALOGUE §6.1): the control first, then one seed of every arm that a believed cause
predicts, then more seeds of the arms that seem to help, then the placebo and what should not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from snellen.causes import Case, Cause
from snellen.trials.patterns import Arm, Pattern, arm_name, pattern
from snellen.trials.proof import (
    CONTROL,
    ENOUGH_SEEDS,
    PLACEBO,
    Proof,
    Ruling,
    Suspects,
    by_arm,
    prove,
)
from snellen.trials.trial import Done, Trial
from snellen.trials.weighing import LEAST_GAIN, differences

PLACEBO_OFFSET = 10
"""Added to the offsets of the control: other seeds than any arm has."""
AT_ONCE = 3
"""Causes whose arms are tried together before less believed ones are."""
MOST_CAUSES = 7
"""Causes that are tried in all: of those believed less one would hardly be true."""


@dataclass(frozen=True)
class Campaign:
    """The trials of one training, to rule on its causes."""

    case: Case
    suspects: Suspects
    """Most believed first; those that no trial decides are passed over."""
    max_steps: int | None = None
    seeds: int = ENOUGH_SEEDS
    _patterns: list[tuple[type[Cause], Pattern]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        told = [(cause, pattern(cause.code, self.case)) for cause, _ in self.suspects]
        known = [(cause, seen) for cause, seen in told if seen is not None]
        object.__setattr__(self, "_patterns", known[:MOST_CAUSES])

    @property
    def decidable(self) -> bool:
        """Whether there is a trial for any of the causes."""
        return bool(self._patterns)

    def next(self, done: Sequence[Done]) -> list[Trial]:
        """What to run now, the most telling first; empty where enough is known.

        `done` are all results so far, those of an earlier call included.
        """
        if not self.decidable:
            return []
        control = self._missing(CONTROL, (), done, self.seeds)
        if control:
            return control
        rulings = {proof.cause: proof.ruling for proof in self.proofs(done)}
        if Ruling.NOT_REPRODUCIBLE in rulings.values():
            return []
        if not _usable(CONTROL, done):
            return []
        for start in range(0, len(self._patterns), AT_ONCE):
            block = self._patterns[start : start + AT_ONCE]
            wanted = self._of_block(block, done)
            if wanted:
                return wanted
            if any(rulings[cause] is Ruling.CONFIRMED for cause, _ in block):
                return []
        return []

    def proofs(self, done: Sequence[Done]) -> list[Proof]:
        """The ruling on every cause, in the order of their beliefs."""
        return prove(self.suspects, self.case, done)

    def _of_block(
        self, block: Sequence[tuple[type[Cause], Pattern]], done: Sequence[Done]
    ) -> list[Trial]:
        wanted: list[Trial] = []
        for _, predicted in block:
            wanted += self._screen(predicted, done)
        if wanted:
            return _distinct(wanted)
        promising = [
            (predicted, arm)
            for _, predicted in block
            for arm in predicted.cures
            if predicted.unmoved or _gain(arm, done, unseen=predicted.unseen) >= LEAST_GAIN
        ]
        if not promising:
            return []
        for predicted, arm in promising:
            wanted += self._missing(arm_name(arm), arm, done, self.seeds)
            # One seed of what should not help is enough where it does not.
            for other in predicted.leaves:
                helps = _gain(other, done, unseen=predicted.unseen) >= LEAST_GAIN
                wanted += self._missing(arm_name(other), other, done, self.seeds if helps else 1)
        wanted += self._missing(PLACEBO, (), done, self.seeds)
        return _distinct(wanted)

    def _screen(self, predicted: Pattern, done: Sequence[Done]) -> list[Trial]:
        """The first seed of the first cure that could be made, or that was not tried yet."""
        for arm in predicted.cures:
            tried = [d for d in done if d.trial.arm == arm_name(arm)]
            if not tried:
                return self._missing(arm_name(arm), arm, done, 1)
            made = any(d.usable for d in tried)
            if made and _gain(arm, done, unseen=predicted.unseen) >= LEAST_GAIN:
                return []
        return []

    def _missing(self, name: str, arm: Arm, done: Sequence[Done], seeds: int) -> list[Trial]:
        """Trials of this arm that were not made yet; none where the first showed that it can't
        be."""
        tried = {d.trial.offset for d in done if d.trial.arm == name}
        if tried and not _usable(name, done):
            return []
        shift = PLACEBO_OFFSET if name == PLACEBO else 0
        offsets = [n + shift for n in range(1, seeds + 1)]
        return [
            Trial(name, offset, arm, self.max_steps) for offset in offsets if offset not in tried
        ]


def _usable(name: str, done: Sequence[Done]) -> list[Done]:
    return [d for d in done if d.trial.arm == name and d.usable]


def _gain(arm: Arm, done: Sequence[Done], *, unseen: bool) -> float:
    """Mean gain of the arm over the control of the same seed; negative where none is known."""
    trials = by_arm(done)
    gains = differences(trials.get(CONTROL, {}), trials.get(arm_name(arm), {}), unseen=unseen)
    return sum(gains) / len(gains) if gains else -1.0


def _distinct(trials: Sequence[Trial]) -> list[Trial]:
    return list({trial.name: trial for trial in trials}.values())
