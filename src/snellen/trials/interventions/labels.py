"""The intervention `labels`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class PermutedLabels(Intervention):
    """Labels are dealt out anew within each training batch, so that they say nothing of the images.

    A control: what a training reaches all the same, it does not reach by its labels. Evaluation
    keeps the true ones.
    """

    name = "labels"

    seed: int = 0
    """Of the permutations."""

    def sentence(self) -> str:
        return "labels permuted within each batch"
