"""What the trials say of one cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

from snellen.causes import Case, Cause
from snellen.core import Finding, Severity
from snellen.trials.measured import Measured
from snellen.trials.patterns import Pattern, arm_name, pattern
from snellen.trials.trial import Done
from snellen.trials.weighing import (
    LEAST_GAIN,
    NOT_RESCUED,
    RESCUED,
    Answer,
    Effect,
    effects,
)

CONTROL = "control"
PLACEBO = "placebo"
WELL = 0.8
"""Progress of the control from which on, without its symptoms, there is nothing to prove."""
LEAST_BELIEF = 0.2
"""Belief before any trial that a cause must have to be confirmed: what helps though nothing else
speaks for it is a remedy and no proof."""
FIRM_BELIEF = 0.7
"""From here on a cause may hold beside another one that was believed more."""
ENOUGH_SEEDS = 3
"""Pairs of trials that a proof needs."""


class Ruling(StrEnum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_REPRODUCIBLE = "not reproducible"
    """The fault does not show again when the script is run again."""
    NO_TRIAL = "no trial"
    """No change that snellen can make decides it."""


@dataclass(frozen=True)
class Proof:
    """A ruling on one cause with what it rests on."""

    cause: type[Cause]
    ruling: Ruling
    reason: str
    """One sentence with the numbers."""
    cures: tuple[Effect, ...] = ()
    leaves: tuple[Effect, ...] = ()
    limits: tuple[str, ...] = ()
    """What its changes could not reach."""


Suspects = Sequence[tuple[type[Cause], float]]
"""Causes with their belief before any trial, most believed first."""


def prove(suspects: Suspects, case: Case, done: Sequence[Done]) -> list[Proof]:
    """The ruling on every cause from all trials there are, in the order given; what was not tried
    leaves it inconclusive.

    Confirmed is a cause one of whose cures rescues (both endpoints, every seed, beyond chance),
    that was believed possible by what was seen, and that no cause believed more explains as well.
    A change may help without being the cure of the fault: a better start lets a network bear a rate
    that is too high. So a rival's cure that helps too speaks against a cause as far as that rival
    was believed. Refuted is a cause all of whose cures, as far as they could be made, surely change
    nothing.
    """
    trials = by_arm(done)
    control, placebo = trials.pop(CONTROL, {}), trials.pop(PLACEBO, {})
    # What no cause predicts anything of, such as a remedy that was tried, decides nothing here.
    predicting = [p for cause, _ in suspects if (p := pattern(cause.code, case)) is not None]
    deciding = {arm_name(arm) for p in predicting for arm in (*p.cures, *p.leaves)}
    trials = {arm: made for arm, made in trials.items() if arm in deciding}
    again = not_reproduced(control, case) if control else ""
    found: list[Proof] = []
    confirmed: list[type[Cause]] = []
    for cause, belief in suspects:
        predicted = pattern(cause.code, case)
        if predicted is None:
            reason = f"no trial here decides it; what would: {cause.trial}"
            found.append(Proof(cause, Ruling.NO_TRIAL, reason))
            continue
        if not control:
            reason = "the unchanged script could not be run again"
            found.append(Proof(cause, Ruling.INCONCLUSIVE, reason))
            continue
        if again is not None:
            found.append(Proof(cause, Ruling.NOT_REPRODUCIBLE, again))
            continue
        every = effects(control, placebo, trials, _wanted(cause, case), unseen=predicted.unseen)
        proof = _ruled(cause, belief, predicted, every, _limits(predicted, done))
        if proof.ruling is Ruling.CONFIRMED:
            proof = (
                _alone(proof, belief, suspects, found)
                if predicted.unmoved
                else _beside(proof, belief, confirmed, suspects, case)
            )
        if proof.ruling is Ruling.CONFIRMED:
            confirmed.append(cause)
        found.append(proof)
    return found


def _ruled(
    cause: type[Cause],
    belief: float,
    predicted: Pattern,
    every: Mapping[str, Effect],
    limits: tuple[str, ...],
) -> Proof:
    """By the cause's own trials alone."""
    cures = tuple(every[n] for arm in predicted.cures if (n := arm_name(arm)) in every)
    leaves = tuple(every[n] for arm in predicted.leaves if (n := arm_name(arm)) in every)

    words = {
        arm_name(arm): " and ".join(change.sentence() for change in arm)
        for arm in (*predicted.cures, *predicted.leaves)
    }

    def ruled(ruling: Ruling, reason: str) -> Proof:
        return Proof(cause, ruling, reason, cures, leaves, limits)

    if not cures:
        said = f": {limits[0]}" if limits else ""
        return ruled(Ruling.INCONCLUSIVE, f"its change could not be made, or was not tried{said}")
    if predicted.unmoved:
        return ruled(*_unmoved(cures[0], words))
    rescuing = [e for e in cures if e.answer is Answer.RESCUES and e.seeds >= ENOUGH_SEEDS]
    if rescuing:
        best = max(rescuing, key=lambda e: e.gain)
        if belief < LEAST_BELIEF:
            return ruled(
                Ruling.INCONCLUSIVE,
                f"{_gained(best, words)}, but little of what was seen speaks for it",
            )
        return ruled(Ruling.CONFIRMED, _with_leaves(_gained(best, words), leaves, words))
    made = {effect.arm for effect in cures}
    unmade = [arm for arm in predicted.cures if arm_name(arm) not in made]
    if not unmade and all(e.answer is Answer.LEAVES for e in cures):
        return ruled(Ruling.REFUTED, _gained(max(cures, key=lambda e: e.gain), words))
    best = max(cures, key=lambda e: e.gain if isfinite(e.gain) else -1.0)
    few = f", in {best.seeds} of {ENOUGH_SEEDS} seeds" if best.seeds < ENOUGH_SEEDS else ""
    return ruled(Ruling.INCONCLUSIVE, _gained(best, words) + few)


def _beside(
    proof: Proof,
    belief: float,
    confirmed: Sequence[type[Cause]],
    suspects: Suspects,
    case: Case,
) -> Proof:
    """The same beside other causes: a confirmed one that was believed more explains the rescue,
    unless this one was likely too; and so does one that what helps too would cure."""
    helping = {e.arm for e in proof.leaves if e.rescued > RESCUED and e.answer is not Answer.LEAVES}
    for other, firmly in suspects:
        predicted = pattern(other.code, case)
        if other is proof.cause or firmly <= belief or predicted is None:
            continue
        cured = {arm_name(arm) for arm in predicted.cures} & helping
        if cured or (other in confirmed and belief < FIRM_BELIEF):
            why = f"{proof.reason}; but {other.name} was believed more, and its change helps too"
            return replace(proof, ruling=Ruling.INCONCLUSIVE, reason=why)
    return proof


def _alone(proof: Proof, belief: float, suspects: Suspects, before: Sequence[Proof]) -> Proof:
    """The same of a cause that says a change makes no difference: no change does in a training that
    learns nothing for another reason. `before`: the rulings on what was believed more."""
    if belief < LEAST_BELIEF:
        why = f"{proof.reason}; but so it is in any training that learns nothing"
        return replace(proof, ruling=Ruling.INCONCLUSIVE, reason=why)
    firmer = {cause for cause, firmly in suspects if firmly > belief and firmly >= LEAST_BELIEF}
    for other in before:
        if other.cause in firmer and other.ruling is not Ruling.REFUTED:
            why = f"{proof.reason}; but {other.cause.name} was believed more, and is not refuted"
            return replace(proof, ruling=Ruling.INCONCLUSIVE, reason=why)
    return proof


def _unmoved(effect: Effect, words: Mapping[str, str]) -> tuple[Ruling, str]:
    """For a cause that says a change makes no difference: an equivalence, both bounds within what
    counts as nothing."""
    if effect.seeds < ENOUGH_SEEDS or not isfinite(effect.low):
        return Ruling.INCONCLUSIVE, _gained(effect, words)
    if effect.low > -LEAST_GAIN and effect.control < 2 * LEAST_GAIN:
        return Ruling.CONFIRMED, f"{_gained(effect, words)}: as far as by chance"
    if effect.gain < -LEAST_GAIN and effect.high < 0:
        return Ruling.REFUTED, f"{_gained(effect, words)}: the labels do say something"
    return Ruling.INCONCLUSIVE, _gained(effect, words)


def _gained(effect: Effect, words: Mapping[str, str]) -> str:
    seeds = f"{effect.seeds} seed{'s' * (effect.seeds != 1)}"
    interval = (
        f"; gain {effect.gain:+.2f}, {effect.low:+.2f} to {effect.high:+.2f}"
        if isfinite(effect.low)
        else ""
    )
    return (
        f"with {words[effect.arm]} the training comes {effect.progress:.2f} of the way, without "
        f"{effect.control:.2f} ({seeds}{interval})"
    )


def _with_leaves(said: str, leaves: Sequence[Effect], words: Mapping[str, str]) -> str:
    left = [words[e.arm] for e in leaves if e.answer is Answer.LEAVES or e.rescued < NOT_RESCUED]
    helped = [words[e.arm] for e in leaves if e.rescued > RESCUED]
    said += f"; {' and '.join(left)} did not help" if left else ""
    return said + (f"; {' and '.join(helped)} helped too" if helped else "")


def by_arm(done: Sequence[Done]) -> dict[str, dict[int, Measured]]:
    """Usable trials by arm and offset."""
    found: dict[str, dict[int, Measured]] = {}
    for one in done:
        if one.usable:
            measured = Measured.from_json(one.measured)
            found.setdefault(one.trial.arm, {})[one.trial.offset] = measured
    return found


def _wanted(cause: type[Cause], case: Case) -> frozenset[str]:
    """Symptoms found in the run that this cause brings about."""
    return frozenset(cause.explains & {finding.code for finding in case.findings(*cause.explains)})


def not_reproduced(control: Mapping[int, Measured], case: Case) -> str | None:
    """A sentence where the unchanged script, run again, mostly shows no fault."""
    found = {
        v.code for v in case.verdicts if isinstance(v, Finding) and v.severity is not Severity.NOTE
    }
    well = 0
    for trial in control.values():
        shown = {code for code, _ in trial.findings} & found
        reached = max(trial.progress(), trial.progress(unseen=True))
        gap = isfinite(trial.unseen_skill) and trial.skill - trial.unseen_skill > 2 * LEAST_GAIN
        well += reached >= WELL and not shown and not gap
    if 2 * well <= len(control):
        return None
    return (
        f"run again unchanged, {well} of {len(control)} trainings went well: the fault does not "
        "show by itself"
    )


def _limits(predicted: Pattern, done: Sequence[Done]) -> tuple[str, ...]:
    arms = {arm_name(arm) for arm in predicted.cures}
    said = [why for one in done if one.trial.arm in arms for why in one.limits]
    return tuple(dict.fromkeys(said))
