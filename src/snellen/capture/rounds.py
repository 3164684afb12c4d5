"""Recognises epochs in a loop that shows none: when the first batch's images have come by again."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

WATCHED_STEPS = 300
"""Batches. Longer epochs are not recognised: such trainings are told apart by their steps alone."""
COMPARED_VALUES = 256
"""Values per image that are compared: enough to tell images apart, cheap at any size."""


class RoundCounter:
    """Finds the steps per epoch, from batches offered one by one.

    Drawn without replacement, the first image comes back when an epoch is over, and half of the
    first batch at most half an epoch later. Drawn with replacement, single images come back at
    once, and half of them after ln 2 epochs.
    """

    def __init__(self) -> None:
        self.steps_per_epoch: int | None = None
        self._first: set[bytes] = set()
        self._again: set[bytes] = set()
        self._seen = 0
        self._began: int | None = None
        self._first_again: int | None = None

    @property
    def searching(self) -> bool:
        return self.steps_per_epoch is None and self._seen < WATCHED_STEPS

    def offer(self, images: npt.NDArray[Any], step: int) -> None:
        """Images `(images, ...)` of a batch on its way to update number `step`, from 0; a step may
        have several batches."""
        flat = images.reshape(len(images), -1)
        stride = -(-flat.shape[1] // COMPARED_VALUES)
        prints = {row.tobytes() for row in flat[:, ::stride]}
        if self._began is None or step == self._began:
            self._began = step
            self._first |= prints
        else:
            again = prints & self._first
            if again and self._first_again is None:
                self._first_again = step - self._began
            self._again |= again
            if 2 * len(self._again) >= len(self._first):
                self.steps_per_epoch = self._steps(step - self._began)
        self._seen += 1

    def _steps(self, half: int) -> int:
        first = self._first_again or half
        if first == half:
            return max(1, half)
        if 2 * first < half:
            # With replacement.
            return max(1, round(half / math.log(2)))
        # Shuffled: of so many images the first to return is a little late.
        return max(1, round(first * (len(self._first) + 1) / (len(self._first) + 2)))
