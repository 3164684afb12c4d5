"""The map table of many images, reduced to one row per channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MapSummary(Statistic):
    """Per-channel sums, extremes and counts over every image seen (CATALOGUE M1).

    `a + b` summarises the images of both, in any order and grouping. Sums and extremes are over
    finite values alone; a channel without any has `minimum = inf` and `maximum = -inf`. All arrays
    have the shape `(channels,)`.
    """

    name = "map"

    images: int
    """Images seen."""
    positions: int
    """Values of one image in one channel."""
    sum: Floats
    squares: Floats
    """Sum of squares."""
    magnitudes: Floats
    """Sum of absolute values."""
    minimum: Floats
    maximum: Floats
    below: Counts
    """Values below the lower rail."""
    above: Counts
    """Values above the upper rail."""
    nonfinite: Counts
    """Values that are NaN or ±inf."""
    active_images: Counts
    """Images with at least one value above the upper rail. Images are counted, not positions:
    neighbouring positions share inputs and would make a short window look like strong evidence."""
    image_mean_squares: Floats
    """Sum over images of the squared mean of the image's map."""

    @classmethod
    def of(cls, table: npt.NDArray[Any], positions: int) -> MapSummary:
        """The summary of one map table `(images, channels, 8)`, each map of `positions` values."""
        sums, squares, magnitudes, low, high, below, above, nonfinite = np.moveaxis(table, 2, 0)
        images = table.shape[0]
        finite = positions - nonfinite
        means = np.divide(sums, finite, out=np.zeros_like(sums), where=finite > 0)
        return cls(
            images=images,
            positions=positions,
            sum=sums.sum(axis=0),
            squares=squares.sum(axis=0),
            magnitudes=magnitudes.sum(axis=0),
            minimum=low.min(axis=0, initial=np.inf),
            maximum=high.max(axis=0, initial=-np.inf),
            below=below.sum(axis=0).astype(np.int64),
            above=above.sum(axis=0).astype(np.int64),
            nonfinite=nonfinite.sum(axis=0).astype(np.int64),
            active_images=(above > 0).sum(axis=0).astype(np.int64),
            image_mean_squares=(means**2).sum(axis=0),
        )

    def __add__(self, other: MapSummary) -> MapSummary:
        if self.channels != other.channels:
            raise ValueError(
                f"maps of {self.channels} and of {other.channels} channels do not merge; "
                "merge summaries of one layer"
            )
        images = self.images + other.images
        # Maps of different sizes (variable input) merge too: positions becomes their mean.
        values = self.images * self.positions + other.images * other.positions
        return MapSummary(
            images=images,
            positions=round(values / images) if images else self.positions,
            sum=self.sum + other.sum,
            squares=self.squares + other.squares,
            magnitudes=self.magnitudes + other.magnitudes,
            minimum=np.minimum(self.minimum, other.minimum),
            maximum=np.maximum(self.maximum, other.maximum),
            below=self.below + other.below,
            above=self.above + other.above,
            nonfinite=self.nonfinite + other.nonfinite,
            active_images=self.active_images + other.active_images,
            image_mean_squares=self.image_mean_squares + other.image_mean_squares,
        )

    @property
    def channels(self) -> int:
        return len(self.sum)

    @property
    def values(self) -> Counts:
        """Finite values seen per channel."""
        return self.images * self.positions - self.nonfinite

    @property
    def mean(self) -> Floats:
        """Mean per channel; NaN where no value was finite."""
        return self._per_value(self.sum)

    @property
    def mean_magnitude(self) -> Floats:
        return self._per_value(self.magnitudes)

    @property
    def mean_square(self) -> Floats:
        return self._per_value(self.squares)

    @property
    def variance(self) -> Floats:
        """Population variance per channel, over images and positions together; never negative."""
        return np.maximum(self.mean_square - self.mean**2, 0.0)

    @property
    def rms(self) -> float:
        """Root mean square of the whole layer; NaN where no value was finite."""
        values = int(self.values.sum())
        return float(np.sqrt(self.squares.sum() / values)) if values else float("nan")

    @property
    def beyond_rails(self) -> Floats:
        """Share (0 to 1) of each channel's finite values outside the rails."""
        return self._per_value((self.below + self.above).astype(np.float64))

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """Channels that no image switched on."""
        return self.active_images == 0

    def _per_value(self, total: Floats) -> Floats:
        values = self.values
        return np.divide(total, values, out=np.full(len(total), np.nan), where=values > 0)
