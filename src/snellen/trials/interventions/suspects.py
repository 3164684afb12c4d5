"""The intervention `suspects`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class MaskedSuspects(Intervention):
    """In each batch the images of the greatest loss do not count.

    From the given step on, when the model can tell. With `random` as many images drawn by chance:
    the control for the fewer images.
    """

    name = "suspects"

    share: float = 0.1
    """Of each batch, 0 to 1, rounded down; less than one image masks none."""

    after: int = 0
    """Steps before which nothing is masked."""

    random: bool = False
    """Mask by chance instead."""

    seed: int = 0
    """Of that chance."""

    def sentence(self) -> str:
        which = "drawn by chance" if self.random else "of the greatest loss"
        return f"{self.share:.0%} of each batch left out, those {which}"
