"""The intervention `skips`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ResidualSkips(Intervention):
    """Each convolution that keeps its input's shape adds its input to its output.

    Before the activation that follows. Layers that change channels or size, those inside blocks
    that have skips already (however long the skip: maps from before the layer are added to maps
    that were made of it), and those that make the model's output are left alone.
    """

    name = "skips"

    def sentence(self) -> str:
        return "a skip around each convolution that keeps the shape"
