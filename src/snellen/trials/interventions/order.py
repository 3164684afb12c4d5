"""The intervention `order`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ShuffledOrder(Intervention):
    """Training images come in random order, drawn anew for each pass.

    Where a framework's loader or `fit` draws the batches; batches that the script cuts itself are
    not reached, nor those that a sampler of its own puts together. Evaluation keeps its order. A
    PyTorch loader is known for a training one by the first update on its batches: the first
    batches, and as many more as its workers have ahead by then, keep their order.
    """

    name = "order"

    seed: int = 0
    """Of the order."""

    def sentence(self) -> str:
        return "training images in random order"
