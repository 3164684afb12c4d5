"""How strongly each channel answers to each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassResponse(Statistic):
    """Sums over images of each class of what every channel answered (CATALOGUE M3).

    An image's answer in a channel is the mean of its map over positions. `a + b` is of the images
    of both. Arrays have the shape `(classes, channels)` unless said otherwise.
    """

    name = "class-response"

    images: npt.NDArray[np.int64]
    """Shape `(classes,)`: images of each class."""
    sum: Floats
    """Sum of answers."""
    magnitudes: Floats
    """Sum of mean magnitudes: signed activations can't cancel here."""
    squares: Floats
    """Sum of squared answers."""

    @classmethod
    def of(
        cls,
        table: npt.NDArray[Any],
        positions: int,
        labels: npt.NDArray[np.int64],
        classes: int,
    ) -> ClassResponse:
        """Of one map table `(images, channels, 8)`, each map of `positions` values. `labels`
        `(images,)` are classes; images of none (negative, or `classes` and above) are left out, and
        so are values that are not finite."""
        finite = positions - table[:, :, 7]
        none = np.zeros(finite.shape)
        answers = np.divide(table[:, :, 0], finite, out=none.copy(), where=finite > 0)
        sizes = np.divide(table[:, :, 2], finite, out=none.copy(), where=finite > 0)
        member = (labels == np.arange(classes)[:, None]).astype(np.float64)
        return cls(
            images=member.sum(axis=1).astype(np.int64),
            sum=member @ answers,
            magnitudes=member @ sizes,
            squares=member @ np.square(answers),
        )

    def __add__(self, other: ClassResponse) -> ClassResponse:
        if self.sum.shape != other.sum.shape:
            raise ValueError(
                f"responses of {self.sum.shape} and of {other.sum.shape} (classes, channels) do "
                "not merge; merge those of one layer and one set of classes"
            )
        return ClassResponse(
            self.images + other.images,
            self.sum + other.sum,
            self.magnitudes + other.magnitudes,
            self.squares + other.squares,
        )
