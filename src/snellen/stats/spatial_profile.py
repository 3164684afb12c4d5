"""Where on a map its mean lies: at the border, on a lattice, everywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.position_sums import PositionSums
from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]

FEWEST_POSITIONS = 16
"""Smaller maps have no inside to speak of."""
PERIODS = (2, 3, 4, 8)
FEWEST_PERIODS = 3
"""Of a lattice, along each axis: fewer could be anything."""
CONSTANT = 1e-12
"""A variance below this share of the mean square is what rounding leaves of a constant."""
LOGARITHMS = 1 << 21
"""Values whose logarithm is taken for the entropies of one batch of maps: some 20 ms."""


@dataclass(frozen=True, eq=False)
class SpatialEntropy:
    """Sums over images of the spatial entropy of each channel; `a + b` is of the images of both.
    Arrays have the shape `(channels,)`."""

    sums: Floats
    images: npt.NDArray[np.int64]
    """Images in which the channel is not zero all over."""

    @classmethod
    def of(cls, maps: npt.NDArray[Any]) -> SpatialEntropy:
        """Of maps `(images, channels, *positions)`, any strides. Of many or large ones, some images
        and some positions stand for all: at most 2 million values are read. Maps with values that
        are not finite are left out."""
        images, channels = maps.shape[:2]
        places = math.prod(maps.shape[2:])
        taken = max(1, min(images, LOGARITHMS // max(channels * places, 1)))
        stride = max(1, math.ceil(math.sqrt(channels * places / LOGARITHMS)))
        few = (slice(None, None, -(-images // taken)), slice(None))
        step = (slice(None, None, stride),) * (maps.ndim - 2)
        part = np.abs(maps[(*few, *step)].astype(np.float32))
        rows = part.reshape(len(part), channels, -1)
        with np.errstate(over="ignore", invalid="ignore"):
            total = rows.sum(axis=2, keepdims=True)
        alive: npt.NDArray[np.bool_] = np.logical_and(np.isfinite(total), total > 0)
        known = alive.reshape(len(part), channels)
        shares = rows / np.where(alive, total, 1.0)
        logs = np.log(np.where(shares > 0, shares, 1.0))
        with np.errstate(invalid="ignore"):
            entropy = -(shares * logs).sum(axis=2, dtype=np.float64) / math.log(
                max(rows.shape[2], 2)
            )
        return cls(np.where(known, entropy, 0.0).sum(axis=0), known.sum(axis=0).astype(np.int64))

    def __add__(self, other: SpatialEntropy) -> SpatialEntropy:
        return SpatialEntropy(self.sums + other.sums, self.images + other.images)

    @property
    def mean(self) -> Floats:
        """NaN for a channel that is zero everywhere."""
        none = np.full(len(self.sums), np.nan)
        return np.divide(self.sums, self.images, out=none, where=self.images > 0)


@dataclass(frozen=True, eq=False)
class SpatialProfile(Statistic):
    """Reduced from the position means of 2-D maps (CATALOGUE M2). Probe-only: does not merge; the
    `PositionSums` it comes from do. Arrays have the shape `(channels,)` unless said otherwise.

    `E_n a` is the mean over images at one position. Variances are over positions.
    """

    name = "spatial-profile"

    images: int
    height: int
    width: int
    pattern: Floats
    """Variance of `E_n a` over all positions."""
    varying: Floats
    """Variance over images, averaged over positions."""
    ring: Floats
    """Mean of `E_n a` over the outermost positions."""
    centre: Floats
    """Mean of `E_n a` over the others; NaN where there are none."""
    ring_share: Floats
    """Share (0 to 1) of the pattern that the difference between ring and centre explains; NaN
    without pattern."""
    periods: npt.NDArray[np.int64]
    """Shape `(periods,)`: lattice periods examined, such as 2, 3, 4, 8; empty for small maps."""
    phase_shares: Floats
    """Shape `(periods, channels)`: variance of the means of the `s × s` phases over the variance of
    `E_n a`, interior positions alone, 0 to 1 (CATALOGUE S27); NaN without variance."""
    entropy: Floats
    """Mean over images of the spatial entropy of magnitudes, `−Σ p ln p / ln(H·W)`, 0 (one
    position) to 1 (even); NaN for a channel of zeros."""

    @classmethod
    def of(
        cls, sums: PositionSums, shape: tuple[int, int], entropy: SpatialEntropy
    ) -> SpatialProfile:
        """Of the sums over maps of the given height and width. Channels with values that are not
        finite have NaN throughout. Raises `ValueError` for maps under 16 positions."""
        height, width = shape
        if height * width < FEWEST_POSITIONS:
            raise ValueError(f"maps of {height}×{width} have no inside; at least 16 positions")
        means = (sums.sums / max(sums.images, 1)).reshape(-1, height, width)
        finite = np.isfinite(means.sum(axis=(1, 2)))
        means = np.where(finite[:, None, None], means, 0.0)
        mean = means.mean(axis=(1, 2))
        inside = means[:, 1:-1, 1:-1]
        within = inside.sum(axis=(1, 2))
        inner = max(height - 2, 0) * max(width - 2, 0)
        outer = height * width - inner
        ring = (means.sum(axis=(1, 2)) - within) / outer
        centre = within / inner if inner else np.full(len(mean), np.nan)
        pattern = np.square(means - mean[:, None, None]).mean(axis=(1, 2))
        pattern[pattern <= CONSTANT * np.square(mean)] = 0.0
        between = inner * outer / (inner + outer) ** 2 * np.square(ring - centre)
        periods = _periods(height, width)
        unknown = np.full(len(mean), np.nan)
        shares = [_phase_share(means, period) for period in periods]
        phase_shares = np.array(shares).reshape(len(periods), len(mean))
        share = np.divide(between, pattern, out=unknown.copy(), where=pattern > 0)
        return cls(
            images=sums.images,
            height=height,
            width=width,
            pattern=np.where(finite, pattern, np.nan),
            varying=np.where(finite, sums.reduced().varying, np.nan),
            ring=np.where(finite, ring, np.nan),
            centre=np.where(finite, centre, np.nan),
            ring_share=np.where(finite, np.minimum(share, 1.0), np.nan),
            periods=np.array(periods, np.int64),
            phase_shares=np.where(finite, phase_shares, np.nan),
            entropy=entropy.mean,
        )

    @property
    def phase_shares_by_chance(self) -> Floats:
        """Shape `(periods,)`: what `phase_shares` is on average for a pattern without a lattice and
        without neighbourhood: `(s² − 1) / (positions − 1)` of the interior."""
        found = [
            (s * s - 1) / (_inside(self.height, s) * _inside(self.width, s) - 1)
            for s in self.periods.tolist()
        ]
        return np.array(found, np.float64)


def _margin(side: int) -> int:
    """Positions next to the border that padding is most likely to have touched."""
    return max(1, side // 8)


def _inside(side: int, period: int) -> int:
    """Positions of the interior, in whole periods."""
    return (side - 2 * _margin(side)) // period * period


def _periods(height: int, width: int) -> list[int]:
    side = min(_inside(height, 1), _inside(width, 1))
    return [s for s in PERIODS if side >= FEWEST_PERIODS * s]


def _phase_share(means: Floats, period: int) -> Floats:
    """Of mean maps `(channels, height, width)`; NaN for an interior without variance."""
    height, width = means.shape[1:]
    rows, columns = _inside(height, period), _inside(width, period)
    top, left = _margin(height), _margin(width)
    inside = means[:, top : top + rows, left : left + columns]
    mean = inside.mean(axis=(1, 2))
    inside = inside - mean[:, None, None]
    total = np.square(inside).mean(axis=(1, 2))
    cells = inside.reshape(len(means), rows // period, period, columns // period, period)
    phases = cells.mean(axis=(1, 3))
    share = np.square(phases).mean(axis=(1, 2))
    alive = total > CONSTANT * np.square(mean)
    none = np.full(len(means), np.nan)
    return np.minimum(np.divide(share, total, out=none, where=alive), 1.0)
