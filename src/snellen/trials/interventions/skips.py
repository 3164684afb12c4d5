"""The intervention `skips`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ResidualSkips(Intervention):
    """Each convolution that keeps its input's shape adds its input to its output.

    Before the activation that follows. Layers that change channels or size, and those inside blocks
    that have skips already, are left alone. So are those that make the model's output.
    """

    name = "skips"

    def sentence(self) -> str:
        return "a skip around each convolution that keeps the shape"
