"""The intervention `classes`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class BalancedClasses(Intervention):
    """The loss counts each class with a weight of its own.

    The weight of an image is that of its class, and where a batch's loss is a mean, it is divided
    by the weights' sum, as PyTorch does. Losses on values, and labels that are not one of several
    classes, are left alone, and so are evaluations.
    """

    name = "classes"

    weights: tuple[float, ...] = ()
    """Of each class; mean 1 over the images."""

    def sentence(self) -> str:
        return "classes weighted by how rare they are"
