"""The intervention `registered`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class RegisteredParameters(Intervention):
    """The optimiser updates every parameter of the model that asks for a gradient.

    Layers that the model keeps in plain lists and dictionaries, where the framework does not see
    them, are found and join too.
    """

    name = "registered"

    def sentence(self) -> str:
        return "all parameters given to the optimiser"
