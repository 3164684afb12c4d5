"""How many images a script puts into a training batch."""

from __future__ import annotations

from collections import Counter


class BatchSizes:
    """Counts the batches that were seen, by their size."""

    def __init__(self) -> None:
        self._seen: Counter[int] = Counter()

    def add(self, images: int) -> None:
        if images > 0:
            self._seen[images] += 1

    @property
    def usual(self) -> int | None:
        """The most frequent size. Of several the largest: an epoch's last batch may be smaller."""
        return max(self._seen, key=lambda images: (self._seen[images], images), default=None)

    def facts(self) -> dict[str, int]:
        """`batch_size`, where any batch was seen."""
        usual = self.usual
        return {} if usual is None else {"batch_size": usual}
