"""The losses of one kind, as they grow while a run is written."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np

from snellen.record.blob import encode
from snellen.record.retention import LOSSES_LIMIT, keep_losses


class GrowingLosses:
    """Points in the order they came. They are stored in chunks: a new one at each flush, all in one
    again when the series has been thinned."""

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")
        self._stored = 0
        self._chunks = 0

    def add(self, points: Iterable[tuple[int, float]]) -> int:
        """How many were added."""
        before = len(self._steps)
        for step, value in points:
            self._steps.append(int(step))
            self._values.append(float(value))
        return len(self._steps) - before

    def __len__(self) -> int:
        return len(self._steps)

    def take(self) -> tuple[bool, int, bytes] | None:
        """What to store: whether it replaces all chunks, its number and its blob; `None` without
        news."""
        if self._stored == len(self._steps):
            return None
        thinned = self._thin() if len(self._steps) > LOSSES_LIMIT else False
        start, number = (0, 0) if thinned else (self._stored, self._chunks)
        blob = encode(
            {
                "steps": np.array(self._steps[start:], np.int64),
                "values": np.array(self._values[start:], np.float64),
            }
        )
        self._stored, self._chunks = len(self._steps), number + 1
        return thinned, number, blob

    def _thin(self) -> bool:
        steps, values = np.array(self._steps, np.int64), np.array(self._values, np.float64)
        kept = keep_losses(steps, values)
        self._steps = array("q", steps[kept].tobytes())
        self._values = array("d", values[kept].tobytes())
        return True
