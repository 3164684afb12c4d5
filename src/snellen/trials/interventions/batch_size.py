"""The intervention `batch-size`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ScaledBatch(Intervention):
    """Batches of another size.

    Where a framework's loader or `fit` cuts them; batches that the script cuts itself are not
    reached. At least one image, at most the whole set; the learning rate stays. A PyTorch loader
    that shuffles has the new size, and the length that goes with it, from the beginning; one in
    order has it from the first update on its batches on, and none if it is for evaluation.
    """

    name = "batch-size"

    factor: float = 4.0
    """Above 0."""

    def sentence(self) -> str:
        return f"batches {self.factor:.3g} times as large"
