"""Recognises epochs in a loop that shows none: when the first batch's images have come by again."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

WATCHED_STEPS = 300
"""Longer trainings are told apart by their steps alone."""
COMPARED_VALUES = 256
"""Values per image that are compared: enough to tell images apart, cheap at any size."""


class RoundCounter:
    """Finds the steps per epoch, from batches offered one by one.

    An epoch has passed once half of the first batch's distinct images were seen again: drawn
    without replacement they all come back within the next epoch, with replacement half of them do
    after 0.7.
    """

    def __init__(self) -> None:
        self.steps_per_epoch: int | None = None
        self._first: set[bytes] = set()
        self._again: set[bytes] = set()
        self._seen = 0
        self._first_again: int | None = None

    @property
    def searching(self) -> bool:
        return self.steps_per_epoch is None and self._seen < WATCHED_STEPS

    def offer(self, images: npt.NDArray[Any]) -> None:
        """The next step's images `(images, ...)`."""
        flat = images.reshape(len(images), -1)
        stride = -(-flat.shape[1] // COMPARED_VALUES)
        prints = {row.tobytes() for row in flat[:, ::stride]}
        if not self._seen:
            self._first = prints
        else:
            again = prints & self._first
            if again and self._first_again is None:
                self._first_again = self._seen
            self._again |= again
            if 2 * len(self._again) >= len(self._first):
                # Shuffled, they come back spread over an epoch: its length is what lies between.
                self.steps_per_epoch = max(1, round((self._seen + (self._first_again or 0)) / 2))
        self._seen += 1
