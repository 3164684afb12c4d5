"""Results of trials written down by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import Any

from snellen.trials.interventions import (
    HeInitialisation,
    Intervention,
    NoDecay,
    PermutedLabels,
    ScaledLearningRate,
)
from snellen.trials.measured import Measured
from snellen.trials.patterns import arm_name
from snellen.trials.trial import Done, Ended, Trial

LOWER = (ScaledLearningRate(0.1),)
UNDECAYED = (NoDecay(),)
START = (HeInitialisation(),)
PERMUTED = (PermutedLabels(),)
DEAD = ("S01", "conv1")


def measured(
    skill: float = nan,
    *,
    loss_way: float = nan,
    unseen: float = nan,
    findings: Mapping[tuple[str, str], float] | None = None,
    looked: Iterable[tuple[str, str]] = (DEAD,),
) -> Measured:
    shown = dict(findings or {})
    return Measured(100, 1.0, loss_way, skill, unseen, shown, frozenset(looked) | shown.keys())


def done(
    arm: tuple[Intervention, ...] | str,
    offset: int,
    result: Measured | None,
    *,
    ended: Ended = Ended.BY_ITSELF,
    effect: bool = True,
) -> Done:
    """One trial's result; `arm` is the changes, or `control` or `placebo`."""
    changes = () if isinstance(arm, str) else arm
    name = arm if isinstance(arm, str) else arm_name(arm)
    did: dict[str, int] = {"changed": 3} if changes and effect else {}
    told: dict[str, Any] = {} if result is None else result.to_json()
    return Done(Trial(name, offset, changes), ended, 2.0, did=did, measured=told)


def several(
    arm: tuple[Intervention, ...] | str,
    skills: Iterable[float],
    *,
    dead: float = 0.0,
    first: int = 1,
) -> list[Done]:
    """One trial of each offset, with these skills and this share of dead channels."""
    findings = {DEAD: dead} if dead else {}
    return [
        done(arm, offset, measured(skill, findings=findings))
        for offset, skill in enumerate(skills, first)
    ]
