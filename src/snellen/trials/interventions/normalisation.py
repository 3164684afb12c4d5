"""The intervention `normalisation`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class InsertedNormalisation(Intervention):
    """A batch normalisation without gain and shift stands behind each convolution that has none.

    Before the activation that follows. It uses the batch's statistics in training mode and running
    ones otherwise, which belong to the weights: put back, the weights of an earlier evaluation
    bring theirs with them, and weights that never trained themselves (averages) use the batch's.

    Left alone are convolutions that a normalisation follows already, whichever way one goes to the
    next layers; those that make the model's output; and those whose maps have a single position.
    """

    name = "normalisation"

    def sentence(self) -> str:
        return "a batch normalisation behind each convolution"
