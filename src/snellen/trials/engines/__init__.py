"""Where trials are run: on this machine, or on many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from snellen.trials.process import Workplace
from snellen.trials.trial import Done, Trial


class Engine(Protocol):
    """Runs trials side by side."""

    @property
    def slots(self) -> int:
        """Trials that run at the same time."""
        ...

    def run(self, workplace: Workplace, trials: Sequence[Trial]) -> Iterator[Done]:
        """Each trial's result as it comes, in any order; the first trials are begun first.

        Closing the iterator ends what still runs. A trial whose worker was lost is run once more,
        and never given twice.
        """
        ...
