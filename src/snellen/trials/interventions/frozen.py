"""The intervention `frozen`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class FreedParameters(Intervention):
    """Parameters that the script has frozen are trained like the others.

    They join the first group of the optimiser that updates their model.
    """

    name = "frozen"

    def sentence(self) -> str:
        return "frozen parameters trained too"
