"""What each cause predicts of trials: which changes take the fault away, and which do not.

The pattern over several interventions identifies a cause. One that helps nearly every network
(batch normalisation, another optimiser) is a good remedy and a poor proof, and is in no pattern.
Causes without an entry in `PATTERNS` are not decided by a trial of this release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.causes import Case
from snellen.causes.coding import rate, usual_rate
from snellen.causes.measures.batches import images_per_step
from snellen.causes.measures.images import input_range
from snellen.causes.measures.labels import classes
from snellen.core import Severity
from snellen.symptoms.finite import real
from snellen.trials.interventions import (
    BalancedClasses,
    ClippedGradients,
    FreedParameters,
    HeInitialisation,
    Intervention,
    MaskedSuspects,
    NoDecay,
    NoDoubleSoftmax,
    PermutedLabels,
    RegisteredParameters,
    ReluActivations,
    ResidualSkips,
    ScaledBatch,
    ScaledDropout,
    ScaledLearningRate,
    ShuffledOrder,
    StandardisedInputs,
    UsualMomentum,
    WarmUp,
    ZeroedGradients,
)

LEAST_STEP = 0.1
"""Factor by which a rate is lowered at least, and by the inverse of which it is raised at least."""
USUAL_BATCH = 32
LIKELY_NOISE = 0.1
"""Share of each batch that is masked where the share of wrong labels is not known."""
MOST_NOISE = 0.4

Arm = tuple[Intervention, ...]
"""Changes that are made together."""


@dataclass(frozen=True)
class Pattern:
    """What one cause predicts."""

    cures: tuple[Arm, ...]
    """Each of them takes the fault away by itself; the first that can be made is tried first."""
    leaves: tuple[Arm, ...] = ()
    """None of them does: what would cure the look-alikes."""
    unseen: bool = False
    """The fault shows in held-out images."""
    unmoved: bool = False
    """The other way round: the training comes as far under the arms of `cures` as without."""


def arm_name(arm: Arm) -> str:
    """What trials of this arm are called: `learning-rate 0.1`, `activations+initialisation`; arms
    that differ in a parameter have different names."""
    return "+".join(_told(change) for change in arm)


def _told(change: Intervention) -> str:
    usual = type(change)().parameters
    alone = len(usual) == 1
    own = [
        _value(value) if alone else f"{key}={_value(value)}"
        for key, value in change.parameters.items()
        if value != usual[key] and not isinstance(value, list)
    ]
    return " ".join([change.name, *own])


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


Predict = Callable[[Case], Pattern | None]

_LOWER: Arm = (ScaledLearningRate(LEAST_STEP),)
_START: Arm = (HeInitialisation(),)
_UNDECAYED: Arm = (NoDecay(),)


def pattern(code: str, case: Case) -> Pattern | None:
    """What the cause of this code predicts in this training; `None` where no trial decides, be it
    that none is known or that what it would need was not measured."""
    predict = PATTERNS.get(code)
    return None if predict is None else predict(case)


def _rate_too_high(case: Case) -> Pattern:
    """Down to the usual rate, where that is further than a tenth."""
    now = rate(case)
    far = min(usual_rate(case) / now, LEAST_STEP) if now else LEAST_STEP
    cures: tuple[Arm, ...] = ((ScaledLearningRate(float(f"{far:.2g}")),),)
    return Pattern(cures, (_UNDECAYED, _START))


def _rate_too_low(case: Case) -> Pattern:
    now = rate(case)
    far = max(usual_rate(case) / now, 1 / LEAST_STEP) if now else 1 / LEAST_STEP
    return Pattern(((ScaledLearningRate(float(f"{far:.2g}")),),), (_START, _UNDECAYED))


def _no_warm_up(case: Case) -> Pattern:
    """Over a twentieth of the training, and at least ten steps."""
    steps = max(10, case.subject.steps // 20)
    return Pattern(((WarmUp(steps),),), (_UNDECAYED,))


def _decay(case: Case) -> Pattern:
    del case
    return Pattern((_UNDECAYED,), (_LOWER,))


def _start(case: Case) -> Pattern:
    del case
    return Pattern((_START,), (_LOWER, _UNDECAYED))


def _depth(case: Case) -> Pattern:
    del case
    return Pattern(((ResidualSkips(),), _START), (_LOWER, _UNDECAYED))


def _saturation(case: Case) -> Pattern:
    """With a start that fits: weights for sigmoids are too small for ReLU."""
    del case
    return Pattern(((ReluActivations(), HeInitialisation()),), (_START, _LOWER))


def _scaling(case: Case) -> Pattern | None:
    seen = input_range(case)
    if seen is None or not (seen.deviation > 0).all():
        return None
    mean = tuple(float(f"{value:.4g}") for value in seen.mean)
    deviation = tuple(float(f"{value:.4g}") for value in seen.deviation)
    return Pattern(((StandardisedInputs(mean, deviation),),), (_UNDECAYED,))


def _imbalance(case: Case) -> Pattern | None:
    """Each class with a weight in inverse proportion to its images, of mean 1 over the images."""
    seen = classes(case)
    if seen is None:
        return None
    present = int((seen.counts > 0).sum())
    weights = [seen.images / (present * n) if n else 1.0 for n in seen.counts]
    given = tuple(float(f"{weight:.4g}") for weight in weights)
    return Pattern(((BalancedClasses(given),),), (_UNDECAYED,))


def _label_noise(case: Case) -> Pattern:
    """Masked from a third of the training on, when the model tells clean images from others; with
    as many images masked by chance as the control that must not help."""
    shares = [
        noise
        for finding in case.findings("S44", least=Severity.NOTE)
        if (noise := real(getattr(finding.evidence, "noise", None))) is not None
    ]
    share = float(np.clip(max(shares, default=LIKELY_NOISE), LIKELY_NOISE / 2, MOST_NOISE))
    after = case.subject.steps // 3
    masked = MaskedSuspects(round(share, 2), after)
    chance = MaskedSuspects(round(share, 2), after, random=True)
    return Pattern(((masked,),), ((chance,),), unseen=True)


def _labels(case: Case) -> Pattern:
    del case
    return Pattern(((PermutedLabels(),),), unseen=True, unmoved=True)


def _batch(case: Case) -> Pattern | None:
    now = images_per_step(case)
    if not now or now == USUAL_BATCH:
        return None
    return Pattern(((ScaledBatch(USUAL_BATCH / now),),), (_UNDECAYED,))


def _alone(*arm: Intervention) -> Predict:
    """A cause whose cure takes away nothing but that cause."""
    return lambda case: Pattern((arm,), (_UNDECAYED,))


PATTERNS: Mapping[str, Predict] = {
    "C02": _imbalance,
    "C03": _label_noise,
    "C05": _scaling,
    "C06": _labels,
    "C09": _depth,
    "C10": _start,
    "C11": _saturation,
    "C20": _rate_too_high,
    "C21": _rate_too_low,
    "C22": _decay,
    "C23": _decay,
    "C24": _alone(NoDoubleSoftmax()),
    "C25": _alone(ScaledDropout(0.0)),
    "C29": _alone(ShuffledOrder()),
    "C31": _alone(UsualMomentum()),
    "C32": _batch,
    "C33": _alone(ClippedGradients(None)),
    "C34": _no_warm_up,
    "C36": _alone(ZeroedGradients()),
    "C37": _alone(RegisteredParameters()),
    "C38": _alone(FreedParameters()),
}
"""By the code of the cause."""
