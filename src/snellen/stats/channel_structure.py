"""How alike a layer's channels are to one another, and how many directions they span."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


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
    """Shape `(compared,)`: the channel it correlates with most strongly; −1 for a constant one."""
    correlation: Floats
    """Shape `(compared,)`: that correlation, −1 to 1; NaN for a channel that is constant."""
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
