"""How much of a map depends on the image at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PositionSums:
    """Sums over images at every position (CATALOGUE M2); merges with `+`, O(channels ×
    positions)."""

    images: int
    sums: Floats
    """Shape `(channels, positions)`."""
    squares: Floats
    """Shape `(channels,)`: sum of squares over images and positions."""

    @classmethod
    def of(cls, maps: npt.NDArray[Any]) -> PositionSums:
        """Of maps `(images, channels, *positions)`. Non-finite values make the channel's sums
        so."""
        images, channels = maps.shape[:2]
        sums = maps.sum(axis=0, dtype=np.float64).reshape(channels, -1)
        axes = (0, *range(2, maps.ndim))
        squares = np.square(maps, dtype=np.float64).sum(axis=axes)
        return cls(images, sums, squares)

    def __add__(self, other: PositionSums) -> PositionSums:
        return PositionSums(
            self.images + other.images, self.sums + other.sums, self.squares + other.squares
        )

    def reduced(self) -> InputDependence:
        means = self.sums / self.images
        fixed = np.square(means).mean(axis=1)
        total = self.squares / (self.images * self.sums.shape[1])
        return InputDependence(
            self.images, fixed, np.maximum(total - fixed, 0.0), means.var(axis=1)
        )


@dataclass(frozen=True, eq=False)
class InputDependence(Statistic):
    """Each channel's mean square, split into what is the same for all images and what varies.

    `fixed = mean_hw((E_n a)²)`, `varying = mean_hw(Var_n a)`; their sum is `E[a²]` (CATALOGUE M7).
    Probe-only: two of them do not merge, their `PositionSums` do. Arrays have the shape
    `(channels,)`.
    """

    name = "input-dependence"

    images: int
    fixed: Floats
    varying: Floats
    pattern: Floats
    """Variance over positions of the mean map: a spatial pattern that all images share."""

    @property
    def ratio(self) -> Floats:
        """Input-dependence ratio per channel, 0 (constant) to 1; NaN for a channel of zeros."""
        total = self.fixed + self.varying
        return np.divide(self.varying, total, out=np.full(len(total), np.nan), where=total > 0)

    @property
    def layer_ratio(self) -> float:
        """Ratio of the layer's sums; NaN when every channel is zero, or a sum is not finite."""
        fixed, varying = float(self.fixed.sum()), float(self.varying.sum())
        total = fixed + varying
        return varying / total if 0 < total < float("inf") else float("nan")
