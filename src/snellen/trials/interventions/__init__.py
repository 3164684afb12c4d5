"""The changes a trial can make, one per file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from snellen.trials.interventions._intervention import Intervention
from snellen.trials.interventions.activations import ReluActivations
from snellen.trials.interventions.batch_size import ScaledBatch
from snellen.trials.interventions.classes import BalancedClasses
from snellen.trials.interventions.clipping import ClippedGradients
from snellen.trials.interventions.decay import NoDecay
from snellen.trials.interventions.dropout import ScaledDropout
from snellen.trials.interventions.frozen import FreedParameters
from snellen.trials.interventions.initialisation import HeInitialisation
from snellen.trials.interventions.inputs import StandardisedInputs
from snellen.trials.interventions.labels import PermutedLabels
from snellen.trials.interventions.learning_rate import ScaledLearningRate
from snellen.trials.interventions.normalisation import InsertedNormalisation
from snellen.trials.interventions.optimiser import UsualMomentum
from snellen.trials.interventions.order import ShuffledOrder
from snellen.trials.interventions.registered import RegisteredParameters
from snellen.trials.interventions.seed import OtherSeed
from snellen.trials.interventions.skips import ResidualSkips
from snellen.trials.interventions.softmax import NoDoubleSoftmax
from snellen.trials.interventions.suspects import MaskedSuspects
from snellen.trials.interventions.warm_up import WarmUp
from snellen.trials.interventions.zeroing import ZeroedGradients

INTERVENTIONS: dict[str, type[Intervention]] = {
    kind.name: kind
    for kind in (
        ScaledLearningRate,
        NoDecay,
        HeInitialisation,
        InsertedNormalisation,
        ResidualSkips,
        ReluActivations,
        StandardisedInputs,
        BalancedClasses,
        MaskedSuspects,
        PermutedLabels,
        ShuffledOrder,
        ClippedGradients,
        ZeroedGradients,
        ScaledDropout,
        ScaledBatch,
        FreedParameters,
        RegisteredParameters,
        NoDoubleSoftmax,
        UsualMomentum,
        WarmUp,
        OtherSeed,
    )
}
"""By name."""


def made(name: str, parameters: Mapping[str, Any]) -> Intervention:
    """The intervention of this name; lists become tuples. Raises `KeyError` where there is none."""
    kept = {
        k: tuple(cast("list[Any]", v)) if isinstance(v, list) else v for k, v in parameters.items()
    }
    return INTERVENTIONS[name](**kept)
