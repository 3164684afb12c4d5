"""The intervention `decay`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class NoDecay(Intervention):
    """Nothing pulls the weights towards zero: no weight decay, no L1, no L2.

    Taken away are the optimiser's decay, the layers' regularisers, and penalties on parameters that
    the script adds to its loss by hand, where they are recognised: norms, magnitudes and squares of
    a parameter taken outside of any layer's call. What is computed inside a layer (weight
    normalisation) stays.
    """

    name = "decay"

    def sentence(self) -> str:
        return "no weight decay and no penalties on weights"
