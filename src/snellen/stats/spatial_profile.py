"""Where on a map its mean lies: at the border, on a lattice, everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


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
