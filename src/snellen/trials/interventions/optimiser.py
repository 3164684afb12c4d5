"""The intervention `optimiser`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class UsualMomentum(Intervention):
    """Momentum, averages and epsilon of the optimiser are the usual ones.

    SGD: a momentum of 0.9 at most. Adam and its kin: averages of 0.9 and 0.999, an epsilon of 1e-8
    (1e-7 in Keras). The learning rate stays.
    """

    name = "optimiser"

    def sentence(self) -> str:
        return "the usual momentum and epsilon"
