"""The intervention `activations`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ReluActivations(Intervention):
    """Saturating activations between layers become ReLU.

    Sigmoids, tanh and their hard forms that work on maps or on the inputs of another layer; what
    makes the model's output is left alone, and so are recurrent and attention layers and gates (an
    activation that is multiplied with other maps, unless those are a gate made of it).
    """

    name = "activations"

    def sentence(self) -> str:
        return "ReLU in place of saturating activations"
