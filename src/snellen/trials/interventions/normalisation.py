"""The intervention `normalisation`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class InsertedNormalisation(Intervention):
    """A batch normalisation without gain and shift stands behind each convolution that has none.

    Before the activation that follows. It uses the batch's statistics in training mode and running
    ones otherwise. Convolutions that a normalisation follows already, be it behind an activation, a
    pool or a sum, are left alone, and so are those that make the model's output.
    """

    name = "normalisation"

    def sentence(self) -> str:
        return "a batch normalisation behind each convolution"
