"""How alike a layer's channels are to one another, and how many directions they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.sampling import evenly, scattered
from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]

MOST_CHANNELS = 512
"""Channels compared: their covariance takes 2 MiB."""
MOST_POSITIONS = 64
"""Positions of one image: neighbours tell the same."""
CONSTANT = 1e-12
"""A variance below this share of the mean square is what rounding leaves of a constant."""


@dataclass(frozen=True, eq=False)
class ChannelSums:
    """Means and co-moments of channels at sampled positions; `a + b` is of the images of both.

    O(compared²) memory, whatever the size of the maps.
    """

    images: int
    samples: int
    """Positions over all images."""
    chosen: npt.NDArray[np.int64]
    """Shape `(compared,)`: the channels compared."""
    mean: Floats
    """Shape `(compared,)`."""
    moments: Floats
    """Shape `(compared, compared)`: sums of products of deviations from the mean."""

    @classmethod
    def of(cls, maps: npt.NDArray[Any], positions: int = MOST_POSITIONS) -> ChannelSums:
        """Of maps `(images, channels, *positions)`, any strides, at most `positions` (up to 64) of
        each, the same ones for all images and channels. Only what is sampled is copied. Images with
        a value that is not finite are left out."""
        chosen = evenly(maps.shape[1], MOST_CHANNELS)
        sample = scattered(maps, chosen, min(positions, MOST_POSITIONS))
        sample = sample[np.isfinite(sample).all(axis=(1, 2))]
        images, compared = len(sample), len(chosen)
        rows = np.moveaxis(sample, 1, 2).reshape(-1, compared)
        if not len(rows):
            none = np.zeros((compared, compared))
            return cls(0, 0, chosen, np.zeros(compared), none)
        mean = rows.mean(axis=0, dtype=np.float64)
        # Centred and scaled before they are multiplied, float32 loses no digit that counts, and
        # takes half the time.
        centred = rows - mean
        scale = np.abs(centred).max(axis=0)
        scale[scale == 0] = 1.0
        narrow = (centred / scale).astype(np.float32)
        moments = (narrow.T @ narrow).astype(np.float64) * np.outer(scale, scale)
        return cls(images, len(rows), chosen, mean, moments)

    def __add__(self, other: ChannelSums) -> ChannelSums:
        """Chan, Golub & LeVeque 1983: merging means and co-moments without cancellation."""
        if not np.array_equal(self.chosen, other.chosen):
            raise ValueError(
                f"sums of {len(self.chosen)} and of {len(other.chosen)} channels do not merge; "
                "merge those of one layer"
            )
        samples = self.samples + other.samples
        if not samples:
            return self
        shift = other.mean - self.mean
        weight = self.samples * other.samples / samples
        return ChannelSums(
            self.images + other.images,
            samples,
            self.chosen,
            self.mean + shift * (other.samples / samples),
            self.moments + other.moments + np.outer(shift, shift) * weight,
        )

    def reduced(self) -> ChannelStructure:
        compared = len(self.chosen)
        covariance = self.moments / max(self.samples, 1)
        variance = np.diag(covariance).copy()
        constant = ~(variance > CONSTANT * np.square(self.mean))
        covariance[constant] = 0.0
        covariance[:, constant] = 0.0
        spread = np.sqrt(np.where(constant, 1.0, variance))
        alike = covariance / np.outer(spread, spread)
        np.fill_diagonal(alike, 0.0)
        partner = np.abs(alike).argmax(axis=1) if compared else np.zeros(0, np.int64)
        correlation = np.clip(alike[np.arange(compared), partner], -1.0, 1.0)
        alone = constant | (np.count_nonzero(~constant) < 2)
        eigenvalues = np.linalg.eigvalsh(covariance)[::-1] if compared else np.zeros(0)
        return ChannelStructure(
            samples=self.samples,
            images=self.images,
            chosen=self.chosen,
            partner=np.where(alone, -1, self.chosen[partner]).astype(np.int64),
            correlation=np.where(alone, np.nan, correlation),
            # Rounding, in float32, of what is zero.
            eigenvalues=np.where(eigenvalues > 1e-7 * eigenvalues.max(initial=0.0), eigenvalues, 0),
        )


@dataclass(frozen=True, eq=False)
class ChannelStructure(Statistic):
    """Reduced from the channels' covariance at sampled positions (CATALOGUE M4). Probe-only: two of
    them do not merge, their `ChannelSums` do.

    Values are centred per channel over all samples. At most 512 channels are compared, chosen
    evenly.
    """

    name = "channel-structure"

    samples: int
    """Positions over all images that it rests on."""
    images: int
    chosen: npt.NDArray[np.int64]
    """Shape `(compared,)`: the channels that were compared."""
    partner: npt.NDArray[np.int64]
    """Shape `(compared,)`: the channel it correlates with most strongly; −1 where there is
    none: it is constant, or all others are."""
    correlation: Floats
    """Shape `(compared,)`: that correlation, −1 to 1; NaN where there is no partner."""
    eigenvalues: Floats
    """Shape `(compared,)`: of the covariance, descending, never negative."""

    @property
    def effective_rank(self) -> float:
        """exp of the entropy of the eigenvalues' shares (Roy & Vetterli 2007): 1 to channels; NaN
        for a layer that is constant."""
        total = float(self.eigenvalues.sum())
        if not total > 0:
            return float("nan")
        shares = self.eigenvalues[self.eigenvalues > 0] / total
        return float(np.exp(-(shares * np.log(shares)).sum()))

    @property
    def saturation(self) -> float:
        """Share of directions that hold 99% of the variance (Shenk 2019): 0 to 1; NaN for a layer
        that is constant."""
        total = float(self.eigenvalues.sum())
        if not total > 0:
            return float("nan")
        held = np.cumsum(self.eigenvalues) / total
        return float(np.searchsorted(held, 0.99 - 1e-12) + 1) / len(self.eigenvalues)

    @property
    def stable_rank(self) -> float:
        """Sum of eigenvalues over the largest one; NaN for a layer that is constant."""
        largest = float(self.eigenvalues.max(initial=0.0))
        return float(self.eigenvalues.sum()) / largest if largest > 0 else float("nan")
