"""The intervention `initialisation`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class HeInitialisation(Intervention):
    """Convolutions and dense layers begin with He's normal weights and biases of zero.

    Set once, before the first step. Normalisations begin with gains of 1 and shifts of 0. What the
    script froze stays as it is, and a model whose weights were loaded is not touched: its weights
    are no initialisation.
    """

    name = "initialisation"

    seed: int = 0
    """Of the weights drawn; the script's own random streams are not used."""

    def sentence(self) -> str:
        return "He initialisation and biases of zero"
