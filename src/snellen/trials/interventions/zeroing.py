"""The intervention `zeroing`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ZeroedGradients(Intervention):
    """Gradients are emptied after each update.

    At the latest when the next backward pass begins, so that a script may still look at them.
    Accumulation over several backward passes before one update goes on as it is.
    """

    name = "zeroing"

    def sentence(self) -> str:
        return "gradients emptied after each step"
