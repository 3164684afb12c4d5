"""The intervention `warm-up`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class WarmUp(Intervention):
    """The learning rate grows in a straight line over the first updates.

    From one part of `steps` to the whole; afterwards it is the script's own.
    """

    name = "warm-up"

    steps: int = 100
    """At least 1."""

    def sentence(self) -> str:
        return f"a warm-up of {self.steps} steps"
