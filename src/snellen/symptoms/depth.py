"""Fitting a quantity over the depth of a network: `ln value = α + layer · ln factor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DepthFit:
    """A geometric law over layers in the order of execution."""

    layers: int
    factor: float
    """Value of one layer over that of the layer before it, as fitted."""
    r_squared: float
    """Share of the variance of ln value that the law explains; 1 where all values are equal."""
    first: float
    last: float
    """The values themselves, of the first and the last layer."""

    @property
    def overall(self) -> float:
        """The fitted factor from the first layer to the last."""
        return float(self.factor ** (self.layers - 1))


def fit(values: Sequence[float]) -> DepthFit | None:
    """The law of positive, finite values in the order of the layers; `None` for fewer than
    three."""
    y = np.log(np.array([v for v in values if np.isfinite(v) and v > 0]))
    if len(y) < 3:
        return None
    x = np.arange(len(y), dtype=np.float64)
    slope, level = np.polyfit(x, y, 1)
    total = float(np.square(y - y.mean()).sum())
    rest = float(np.square(y - (level + slope * x)).sum())
    return DepthFit(
        layers=len(y),
        factor=float(np.exp(slope)),
        r_squared=1 - rest / total if total > 1e-12 else 1.0,
        first=float(np.exp(y[0])),
        last=float(np.exp(y[-1])),
    )
