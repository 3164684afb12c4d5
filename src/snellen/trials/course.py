"""Which remedies to try next, and which of them helps most: pure decisions, to be resumed.

The control first, then one seed of each of the first remedies, more seeds of those that seem to
help, and the next remedies where none of these helps enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from snellen.causes import Case
from snellen.trials.measured import Measured
from snellen.trials.proof import CONTROL, ENOUGH_SEEDS, WELL, by_arm, not_reproduced
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done, Trial
from snellen.trials.weighing import (
    ALPHA,
    LEAST_GAIN,
    LEAST_SPREAD,
    Effect,
    differences,
    effects,
)

AT_ONCE = 3
"""Remedies that are tried together before further ones are."""
PURSUED = 2
"""Of those, the ones that seem to help most and get more seeds."""
MOST_SEEDS = 5
"""Seeds of the one that seems to help where three don't make it sure."""
SEEMING = 0.5
"""Share of a gain that is worth having from which on more seeds are tried."""
SHARE = 1 / 3
"""Of the way that is left: where that is short, so much of it is a gain worth having."""


class Word(StrEnum):
    """What is said of one remedy."""

    BEST = "best"
    HELPS = "helps"
    UNCLEAR = "unclear"
    """It gained something, and not surely or not enough."""
    NO_GAIN = "no gain"
    FAILED = "failed"
    """No training under it came to its end, or nothing was changed."""
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Judged:
    """One remedy after its trials."""

    treatment: Treatment
    word: Word
    way: Way | None = None
    """In which it was done; `None`: it was not."""
    effect: Effect | None = None
    """Of that way, against the unchanged script."""
    why: str = ""
    """For what was not tried or failed: why."""


@dataclass(frozen=True)
class Course:
    """The trials of the remedies of one training."""

    case: Case
    treatments: Sequence[Treatment]
    """In the order in which they are worth trying."""
    max_steps: int | None = None
    seeds: int = ENOUGH_SEEDS

    def next(self, done: Sequence[Done]) -> list[Trial]:
        """What to run now, the most telling first; empty where enough is known."""
        own = self.own(done)
        able = [one for one in self.treatments if one.ways]
        if not able:
            return []
        control = [
            Trial(CONTROL, offset, (), self.max_steps)
            for offset in self._missing(CONTROL, own, self.seeds)
        ]
        if control:
            return control
        if self.halted(own):
            return []
        best = self.best(own)
        if best is not None and best.effect is not None and best.effect.progress >= WELL:
            return []
        for start in range(0, len(able), AT_ONCE):
            block = able[start : start + AT_ONCE]
            wanted = (
                self._first_seeds(block, own)
                or self._more_seeds(block, own)
                or self._surer(block, own)
            )
            if wanted:
                return wanted
        return []

    def own(self, done: Sequence[Done]) -> list[Done]:
        """Those of the results that are of these treatments, or of the control, as they are now: a
        script that was edited meanwhile has other places, and other lengths do not compare."""
        ways = {way.arm: way for one in self.treatments for way in one.ways}
        kept: list[Done] = []
        for one in done:
            trial = one.trial
            way = ways.get(trial.arm)
            same = way is not None and (way.changes, way.edits) == (trial.changes, trial.edits)
            if trial.max_steps == self.max_steps and (same or trial.arm == CONTROL):
                kept.append(one)
        return kept

    def halted(self, done: Sequence[Done]) -> str:
        """A sentence where remedies have nothing to be compared with: the unchanged script, run
        again, fails, or mostly shows no fault. Empty where they have."""
        own = [one for one in self.own(done) if one.trial.arm == CONTROL]
        control = by_arm(own).get(CONTROL)
        if control:
            return not_reproduced(control, self.case) or ""
        said = next((one.error for one in own if one.error), "")
        return "the unchanged script could not be run again" + (f": {said}" if said else "")

    def unseen(self, done: Sequence[Done]) -> bool:
        """Whether progress is measured on held-out images: wherever all of them were answered by
        the control, for a remedy that only helps to memorise is none."""
        control = by_arm(self.own(done)).get(CONTROL, {})
        return bool(control) and all(isfinite(m.unseen_skill) for m in control.values())

    def judged(self, done: Sequence[Done]) -> list[Judged]:
        """Every remedy, in their order; at most one of them is the best."""
        own = self.own(done)
        trials = by_arm(own)
        control = trials.pop(CONTROL, {})
        unseen = self.unseen(own)
        every = effects(control, {}, trials, frozenset(), unseen=unseen) if control else {}
        found = [self._judged(one, own, every) for one in self.treatments]
        helping = [one for one in found if one.word is Word.HELPS]
        if not helping:
            return found
        # In trainings that were cut short the quicker remedy is ahead, and need not stay so.
        best = _best(helping, trials, LEAST_SPREAD if self.max_steps is None else LEAST_GAIN)
        return [
            Judged(one.treatment, Word.BEST, one.way, one.effect) if one is best else one
            for one in found
        ]

    def best(self, done: Sequence[Done]) -> Judged | None:
        """The largest sure gain; `None` where nothing surely helps."""
        return next((one for one in self.judged(done) if one.word is Word.BEST), None)

    def _judged(
        self, treatment: Treatment, done: Sequence[Done], every: dict[str, Effect]
    ) -> Judged:
        if not treatment.ways:
            return Judged(treatment, Word.NOT_TRIED, why=treatment.untried)
        way = self._way(treatment, done)
        if way is None:
            return Judged(treatment, Word.FAILED, why=_why_failed(treatment, done))
        effect = every.get(way.arm)
        if effect is None or not effect.seeds:
            tried = any(one.trial.arm == way.arm for one in done)
            word = Word.UNCLEAR if tried else Word.NOT_TRIED
            why = "nothing tells how far its trainings came" if tried else "its turn did not come"
            return Judged(treatment, word, way, effect, why)
        return Judged(treatment, _word(effect), way, effect)

    def _way(self, treatment: Treatment, done: Sequence[Done]) -> Way | None:
        """The first way that was not shown to be barred; `None` where all are."""
        for way in treatment.ways:
            tried = [one for one in done if one.trial.arm == way.arm]
            if not tried or any(one.usable for one in tried):
                return way
        return None

    def _first_seeds(self, block: Sequence[Treatment], done: Sequence[Done]) -> list[Trial]:
        wanted: dict[str, Trial] = {}
        for treatment in block:
            way = self._way(treatment, done)
            if way is not None and not any(one.trial.arm == way.arm for one in done):
                wanted[way.arm] = self._trial(way, 1)
        return list(wanted.values())

    def _more_seeds(self, block: Sequence[Treatment], done: Sequence[Done]) -> list[Trial]:
        promising = self._promising(block, done)
        return [
            self._trial(way, offset)
            for way in promising[:PURSUED]
            for offset in self._missing(way.arm, done, self.seeds)
        ]

    def _surer(self, block: Sequence[Treatment], done: Sequence[Done]) -> list[Trial]:
        """More seeds of the best of them, and of the control, where nothing helps surely yet."""
        promising = self._promising(block, done)[:1]
        if not promising or self.best(done) is not None:
            return []
        (way,) = promising
        control = [
            Trial(CONTROL, offset, (), self.max_steps)
            for offset in self._missing(CONTROL, done, MOST_SEEDS)
        ]
        own = [self._trial(way, offset) for offset in self._missing(way.arm, done, MOST_SEEDS)]
        return control + own

    def _promising(self, block: Sequence[Treatment], done: Sequence[Done]) -> list[Way]:
        """Those that seem to help by what was tried so far, most first."""
        trials, unseen = by_arm(done), self.unseen(done)
        control = trials.get(CONTROL, {})
        gains: dict[str, float] = {}
        ways: dict[str, Way] = {}
        for treatment in block:
            way = self._way(treatment, done)
            found = differences(control, trials.get(way.arm, {}), unseen=unseen) if way else []
            if way is None or not found:
                continue
            here = [v for m in control.values() if isfinite(v := m.progress(unseen=unseen))]
            gain = sum(found) / len(found)
            if gain >= SEEMING * enough(sum(here) / len(here)):
                gains[way.arm], ways[way.arm] = gain, way
        return [ways[arm] for arm in sorted(gains, key=lambda arm: -gains[arm])]

    def _missing(self, arm: str, done: Sequence[Done], seeds: int) -> list[int]:
        """Seeds of this arm that were not tried; none where the first showed that it can't be."""
        own = [one for one in done if one.trial.arm == arm]
        if own and not any(one.usable for one in own):
            return []
        tried = {one.trial.offset for one in own}
        return [offset for offset in range(1, seeds + 1) if offset not in tried]

    def _trial(self, way: Way, offset: int) -> Trial:
        return Trial(way.arm, offset, way.changes, self.max_steps, edits=way.edits)


def enough(control: float) -> float:
    """Progress that a remedy must gain, where the unchanged script comes so far: a tenth, or a
    third of what is left of the way where that is less; never less than seeds may differ by."""
    return max(LEAST_SPREAD, min(LEAST_GAIN, SHARE * (1 - control)))


def _word(effect: Effect) -> Word:
    sure = effect.p <= ALPHA and effect.together and effect.low > 0
    if effect.gain >= enough(effect.control) and sure and effect.seeds >= ENOUGH_SEEDS:
        return Word.HELPS
    return Word.UNCLEAR if effect.gain > LEAST_SPREAD else Word.NO_GAIN


def _best(
    helping: Sequence[Judged], trials: dict[str, dict[int, Measured]], as_much: float
) -> Judged:
    """The largest gain; between those that gain `as_much`, less or more, the fewest symptoms left,
    then the one that can be handed out as a change of the script; then the order."""

    def gain(one: Judged) -> float:
        return one.effect.gain if one.effect is not None else 0.0

    most = max(map(gain, helping))
    close = [one for one in helping if gain(one) >= most - as_much]

    def left(one: Judged) -> tuple[float, bool]:
        own = trials.get(one.way.arm, {}) if one.way is not None else {}
        symptoms = sum(sum(m.findings.values()) for m in own.values()) / max(1, len(own))
        return round(symptoms, 1), one.way is None or not one.way.in_script

    return min(close, key=left)


def _why_failed(treatment: Treatment, done: Sequence[Done]) -> str:
    for way in treatment.ways:
        for one in done:
            if one.trial.arm == way.arm and not one.usable:
                said = one.error or "; ".join(one.limits)
                if said:
                    return said
    return "it changed nothing in this training"
