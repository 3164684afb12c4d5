"""The intervention `softmax`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class NoDoubleSoftmax(Intervention):
    """A loss that expects logits and is given probabilities treats them as what they are.

    A softmax or sigmoid right before such a loss has no more effect on it; what the model puts out
    stays. A softmax over another axis than that of the classes is another fault and stays too.
    """

    name = "softmax"

    def sentence(self) -> str:
        return "the double softmax undone"
