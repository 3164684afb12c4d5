"""What the trials of one arm show against the control: an effect, its interval, and a verdict.

Follows CATALOGUE §6.1: paired seeds, two endpoints, a placebo that changes the seed alone, and a
correction for how many arms were tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, nan, sqrt

import numpy as np
import scipy.stats

from snellen.trials.measured import Measured

RESCUED = 0.5
"""Share of the way from the control to the reference from which on an arm rescues."""
NOT_RESCUED = 0.1
"""Below it an arm does nothing ..."""
SURELY_NOT = 0.25
"""... if the interval's upper end is below this."""
LEAST_GAIN = 0.1
"""Progress (0 to 1) that an arm must gain at least: less is no rescue, however sure."""
LEAST_SPREAD = 0.02
"""Standard deviation of progress that is taken for granted: a few seeds that agree by chance do not
make an effect sure."""
ALPHA = 0.05
"""Rate of false rescues over all arms together."""
SHAM_SPREADS = 2.0
"""Times the spread between seeds that a mean effect must exceed."""


class Answer(StrEnum):
    """What an arm does to the fault."""

    RESCUES = "rescues"
    LEAVES = "leaves"
    """It changes nothing that matters."""
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Effect:
    """One arm against the control."""

    arm: str
    seeds: int
    """Pairs of trials that could be compared."""
    control: float
    """Mean progress of the control's trials, 0 to 1."""
    progress: float
    """Mean progress of the arm's."""
    gain: float
    """Mean of the paired differences."""
    low: float
    high: float
    """The gain's 95% interval, by Student's t with the spread of all seeds; NaN of one seed."""
    p: float
    """One-sided: that so great a gain comes by another seed alone; corrected for the number of
    arms (Holm)."""
    rescued: float
    """Share of the way from the control to the reference that was gained; may be negative."""
    symptoms: float
    """Share of the control's findings that are gone in the arm, 0 to 1; NaN where the control shows
    none of those asked for."""
    answer: Answer
    together: bool
    """All seeds point the same way."""


@dataclass(frozen=True)
class Reference:
    """What the control and the placebo say of a training as it is."""

    progress: tuple[float, ...]
    """Of all their trials."""
    spread: float
    """Standard deviation between seeds."""
    best: float
    """Progress that counts as a full rescue: of the best arm, and clearly above the control."""


def reference(
    unchanged: Sequence[Measured], arms: Mapping[str, Sequence[Measured]], *, unseen: bool = False
) -> Reference:
    """`unchanged` are the control's and the placebo's trials.

    The best arm's progress is the goal, since nobody knows how far a healthy training of this task
    would come; but at least a fifth above the control, so that a gain of chance is no full rescue.
    """
    values = tuple(v for m in unchanged if isfinite(v := m.progress(unseen=unseen)))
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else nan
    here = float(np.mean(values)) if values else nan
    reached = [
        float(np.mean(progress))
        for trials in arms.values()
        if (progress := [v for m in trials if isfinite(v := m.progress(unseen=unseen))])
    ]
    best = max([here + 2 * LEAST_GAIN, *reached])
    return Reference(values, max(spread, LEAST_SPREAD) if isfinite(spread) else nan, min(best, 1.0))


def effects(
    control: Mapping[int, Measured],
    placebo: Mapping[int, Measured],
    arms: Mapping[str, Mapping[int, Measured]],
    wanted: frozenset[str],
    *,
    unseen: bool = False,
) -> dict[str, Effect]:
    """The effect of every arm, by its name. Trials go by their offset: those of one offset pair.

    `wanted` are the codes of the symptoms that are to go.
    """
    unchanged = [*control.values(), *placebo.values()]
    ground = reference(unchanged, {k: list(v.values()) for k, v in arms.items()}, unseen=unseen)
    raw = {
        arm: _p_value(differences(control, trials, unseen=unseen), ground)
        for arm, trials in arms.items()
    }
    holm = _holm(raw)
    return {
        arm: _effect(arm, control, trials, ground, holm[arm], wanted, unseen=unseen)
        for arm, trials in arms.items()
    }


def differences(
    control: Mapping[int, Measured], arm: Mapping[int, Measured], *, unseen: bool
) -> list[float]:
    """Progress of the arm less that of the control, of each seed that both have; where one is not
    known it is left out."""
    pairs = [
        (arm[k].progress(unseen=unseen), control[k].progress(unseen=unseen))
        for k in sorted(arm)
        if k in control
    ]
    return [a - c for a, c in pairs if isfinite(a) and isfinite(c)]


def _effect(
    arm: str,
    control: Mapping[int, Measured],
    trials: Mapping[int, Measured],
    ground: Reference,
    p: float,
    wanted: frozenset[str],
    *,
    unseen: bool,
) -> Effect:
    gains = differences(control, trials, unseen=unseen)
    here = _mean(m.progress(unseen=unseen) for m in control.values())
    there = _mean(m.progress(unseen=unseen) for m in trials.values())
    gain = float(np.mean(gains)) if gains else nan
    low, high = _interval(gains, ground)
    way = ground.best - here
    rescued = gain / way if gains and way > 0 else nan
    gone = symptoms_gone(control, trials, wanted)
    together = len({g > 0 for g in gains if g}) == 1
    answer = _answer(gain, rescued, high / way if way > 0 else nan, gone, p, ground, together)
    return Effect(arm, len(gains), here, there, gain, low, high, p, rescued, gone, answer, together)


def _answer(
    gain: float,
    rescued: float,
    rescued_at_most: float,
    gone: float,
    p: float,
    ground: Reference,
    together: bool,
) -> Answer:
    if not isfinite(rescued):
        return Answer.UNCLEAR
    sure = p <= ALPHA and together and gain > SHAM_SPREADS * ground.spread and gain >= LEAST_GAIN
    # Where the control shows no symptom to go, the outcome alone decides.
    cured = not isfinite(gone) or gone >= RESCUED
    if rescued >= RESCUED and sure and cured:
        return Answer.RESCUES
    if rescued < NOT_RESCUED and rescued_at_most < SURELY_NOT:
        return Answer.LEAVES
    return Answer.UNCLEAR


def symptoms_gone(
    control: Mapping[int, Measured], arm: Mapping[int, Measured], wanted: frozenset[str]
) -> float:
    """By how much the control's findings of the wanted symptoms are less in the paired trials: 1
    where nothing is left, 0 where all is as it was or worse. Each counts by the share of channels,
    filters or layers that it concerns. NaN where there is none that both could judge."""
    left = seen = 0.0
    for offset, trial in arm.items():
        if offset not in control:
            continue
        for place, size in control[offset].findings.items():
            if place[0] in wanted and place in trial.looked:
                seen += size
                left += min(trial.findings.get(place, 0.0), size)
    return 1 - left / seen if seen else nan


def _p_value(gains: Sequence[float], ground: Reference) -> float:
    """One-sided: of the mean gain, were it a difference between seeds alone. The spread is that of
    the unchanged trials, which are more than an arm's."""
    if not gains or not isfinite(ground.spread):
        return 1.0
    freedom = len(ground.progress) - 1
    error = ground.spread * sqrt(2 / len(gains))
    return float(scipy.stats.t.sf(float(np.mean(gains)) / error, freedom))


def _interval(gains: Sequence[float], ground: Reference) -> tuple[float, float]:
    if not gains or not isfinite(ground.spread):
        return nan, nan
    own = float(np.std(gains, ddof=1)) if len(gains) > 1 else 0.0
    error = max(own, ground.spread * sqrt(2)) / sqrt(len(gains))
    half = float(scipy.stats.t.ppf(0.975, len(ground.progress) - 1)) * error
    mean = float(np.mean(gains))
    return mean - half, mean + half


def _holm(raw: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction: the least p times the number of arms, the next times one
    fewer."""
    order = sorted(raw, key=lambda arm: raw[arm])
    found: dict[str, float] = {}
    worst = 0.0
    for place, arm in enumerate(order):
        worst = max(worst, min(1.0, raw[arm] * (len(order) - place)))
        found[arm] = worst
    return found


def _mean(values: Iterable[float]) -> float:
    kept = [v for v in values if isfinite(v)]
    return float(np.mean(kept)) if kept else nan
