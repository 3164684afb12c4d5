"""How alike the maps of one layer are at two checks of the same probe images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Similarity(Statistic):
    """Two checks of one layer on the same images. Probe-only: does not merge."""

    name = "similarity"

    images: int
    previous_step: int
    """The check it is compared with."""
    cka: float
    """Unbiased linear CKA of pooled features; at most 1, around 0 for unrelated ones; NaN if
    undefined."""
    correlation: float
    """Median over alive channels of the correlation of their maps; NaN without such a channel."""


def unbiased_linear_cka(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Linear CKA with the unbiased HSIC estimator, of features `(images, any)` and `(images, any)`.

    The biased estimator nears 1 for unrelated features as soon as there are more features than
    images, so the diagonal is left out (Song et al. 2012; Kornblith et al. 2019). Needs at least 4
    images; NaN when there are fewer, when either side is constant, or when a value is not finite.
    """
    if len(x) != len(y):
        raise ValueError(
            f"features of {len(x)} and of {len(y)} images; they must be the same images"
        )
    if len(x) < 4:
        return float("nan")
    x64, y64 = _standardised(x), _standardised(y)
    if x64 is None or y64 is None:
        return float("nan")
    k, l = x64 @ x64.T, y64 @ y64.T  # noqa: E741
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(l, 0.0)
    xx, yy = _hsic(k, k), _hsic(l, l)
    return _hsic(k, l) / float(np.sqrt(xx * yy)) if xx > 0 and yy > 0 else float("nan")


def _standardised(features: npt.NDArray[Any]) -> Floats | None:
    """Centred, and scaled as a whole (CKA is invariant to both) so that nothing underflows."""
    flat = features.reshape(len(features), -1).astype(np.float64)
    if not np.isfinite(flat).all():
        return None
    largest = np.abs(flat).max(initial=0.0)
    centred = flat - flat.mean(axis=0)
    scale = np.abs(centred).max(initial=0.0)
    # What centring leaves of a constant is rounding: around 1e-16 of its size.
    return centred / scale if scale > 1e-12 * largest and scale > 0 else None


def _hsic(k: Floats, l: Floats) -> float:  # noqa: E741
    """Unbiased HSIC of two Gram matrices with zero diagonals (Song et al. 2012, eq. 5)."""
    n = len(k)
    cross = float(np.sum(k * l))
    means = float(k.sum() * l.sum()) / ((n - 1) * (n - 2))
    rows = 2.0 * float(k.sum(axis=0) @ l.sum(axis=0)) / (n - 2)
    return (cross + means - rows) / (n * (n - 3))


def map_correlation(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Median over channels of the Pearson correlation of maps `(images, channels, *positions)`.

    Channels that are constant on either side have none and are left out; NaN when none is left.
    """
    flat_x = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1).astype(np.float64)
    flat_y = np.moveaxis(y, 1, 0).reshape(y.shape[1], -1).astype(np.float64)
    flat_x = flat_x - flat_x.mean(axis=1, keepdims=True)
    flat_y = flat_y - flat_y.mean(axis=1, keepdims=True)
    scale = np.linalg.norm(flat_x, axis=1) * np.linalg.norm(flat_y, axis=1)
    alive = np.isfinite(scale) & (scale > 0)
    if not alive.any():
        return float("nan")
    products = np.einsum("ij,ij->i", flat_x[alive], flat_y[alive])
    return float(np.median(products / scale[alive]))
