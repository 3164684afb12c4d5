"""The intervention `seed`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class OtherSeed(Intervention):
    """Another seed and nothing else: the placebo.

    Every global seed that the script sets (Python's, NumPy's, the framework's) is shifted; a script
    that sets none gets one. Generators of its own, which mostly split data, keep theirs.
    """

    name = "seed"

    offset: int = 0
    """Added to each seed; 0 leaves them."""

    def sentence(self) -> str:
        return f"seeds shifted by {self.offset}" if self.offset else "the same seeds"
