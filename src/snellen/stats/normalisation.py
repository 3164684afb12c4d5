"""What a batch normalisation remembers, and what it would compute from the probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NormalisationState(Statistic):
    """A batch normalisation at one step. Does not merge. Arrays have the shape `(channels,)`."""

    name = "normalisation"

    running_mean: Floats
    running_variance: Floats
    gain: Floats
    """γ; ones where it has none."""
    shift: Floats
    """β; zeros where it has none."""
    epsilon: float
    kept: float
    """Share of the running statistics that one training step keeps (0 to 1): Keras' momentum, 1 −
    that of PyTorch; NaN for a cumulative average."""
    probe_mean: Floats
    """Mean and (`probe_variance`) variance of what it reads of the probe images in evaluation mode;
    NaN where no value was finite."""
    probe_variance: Floats

    @property
    def mean_shift(self) -> Floats:
        """|running mean − probe mean| in standard deviations of the probe; NaN where unknown."""
        with np.errstate(invalid="ignore"):
            spread = np.sqrt(self.probe_variance)
            gap = np.abs(self.running_mean - self.probe_mean)
        known = (spread > 0) & np.isfinite(spread) & np.isfinite(gap)
        return np.divide(gap, spread, out=np.full(len(gap), np.nan), where=known)

    @property
    def log_variance_ratio(self) -> Floats:
        """|ln(running variance / probe variance)|; NaN where either is not above zero, or not
        finite."""
        known = (self.probe_variance > 0) & (self.running_variance > 0)
        known &= np.isfinite(self.probe_variance) & np.isfinite(self.running_variance)
        ratio = np.divide(
            self.running_variance,
            self.probe_variance,
            out=np.full(len(self.gain), np.nan),
            where=known,
        )
        return np.abs(np.log(ratio))


@dataclass(frozen=True, eq=False)
class ModeGap(Statistic):
    """The same probe images answered with running and with batch statistics, dropout off.
    Probe-only."""

    name = "mode-gap"

    images: int
    batch: int
    """Images per batch whose statistics were used: the training's own batch size."""
    eval_loss: float
    batch_loss: float
    eval_right: int
    """Images answered rightly with running statistics; −1 where answers are no classes."""
    batch_right: int
