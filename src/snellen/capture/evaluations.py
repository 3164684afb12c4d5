"""The losses of one pass over held-out data, as one number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class EvaluationPass:
    """Losses computed between two training steps. Batches of an unknown number of images weigh like
    one another."""

    _total: float = 0.0
    _weight: float = 0.0
    _sums: float = 0.0
    _batches: int = 0
    _known: bool = True

    def add(self, value: float, images: int | None) -> None:
        self._sums += value
        self._batches += 1
        self._known = self._known and images is not None
        if images is not None:
            self._total += value * images
            self._weight += images

    def end(self) -> float | None:
        """The mean of the pass, which starts anew; `None` where nothing was evaluated."""
        if not self._batches:
            return None
        mean = self._sums / self._batches
        if self._known and self._weight > 0:
            mean = self._total / self._weight
        self._total = self._weight = self._sums = 0.0
        self._batches, self._known = 0, True
        return mean
