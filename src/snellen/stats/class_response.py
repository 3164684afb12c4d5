"""How strongly each channel answers to each class."""

from __future__ import annotations

from dataclasses import dataclass

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
