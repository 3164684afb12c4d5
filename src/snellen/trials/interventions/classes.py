"""The intervention `classes`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class BalancedClasses(Intervention):
    """The loss counts each class with a weight of its own.

    The weight of an image is that of its class, and a batch's loss is divided by the weights'
    sum, as frameworks do. Losses on values, and labels that are not one of several classes, are
    left alone.
    """

    name = "classes"

    weights: tuple[float, ...] = ()
    """Of each class; mean 1 over the images."""

    def sentence(self) -> str:
        return "classes weighted by how rare they are"
