"""The intervention `learning-rate`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ScaledLearningRate(Intervention):
    """Every update is made with the learning rate times a factor.

    Schedules keep their shape: each rate they give is scaled. Weight decay that an optimiser
    multiplies with its rate is scaled with it.
    """

    name = "learning-rate"

    factor: float = 0.1
    """Above 0; 1 changes nothing."""

    def sentence(self) -> str:
        if self.factor < 1:
            return f"the learning rate divided by {1 / self.factor:.3g}"
        return f"the learning rate times {self.factor:.3g}"
