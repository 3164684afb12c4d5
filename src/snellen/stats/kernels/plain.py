"""The map table in NumPy, for where the kernel could not be compiled. Correct, and slow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.kernels.values import Kind, as_known

CHUNK = 1 << 20
"""Values turned into float64 at a time, so that no second copy of a large map is made."""


def map_table_numpy(
    maps: npt.NDArray[Any], low: float, high: float, *, bfloat16: bool = False
) -> npt.NDArray[np.float64]:
    """What `map_table` gives, summed in float64."""
    maps, kind = as_known(maps, bfloat16)
    images, channels = maps.shape[:2]
    table = np.empty((images, channels, 8))
    per_image = max(maps[:1].size, 1)
    together = max(CHUNK // per_image, 1)
    for start in range(0, images, together):
        part = _float64(maps[start : start + together], kind)
        rows = part.reshape(*part.shape[:2], math.prod(part.shape[2:]))
        table[start : start + together] = _table(rows, low, high)
    return table


def _float64(maps: npt.NDArray[Any], kind: Kind) -> npt.NDArray[np.float64]:
    if kind is Kind.BFLOAT16:
        maps = (maps.astype(np.uint32) << 16).view(np.float32)
    return maps.astype(np.float64)


def _table(x: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """Of maps `(images, channels, positions)`."""
    finite = np.isfinite(x)
    kept = np.where(finite, x, 0.0)
    with np.errstate(over="ignore"):
        squares = np.square(kept).sum(axis=2)
        sums, magnitudes = kept.sum(axis=2), np.abs(kept).sum(axis=2)
    columns = (
        sums,
        squares,
        magnitudes,
        np.where(finite, x, np.inf).min(axis=2, initial=np.inf),
        np.where(finite, x, -np.inf).max(axis=2, initial=-np.inf),
        ((x < low) & finite).sum(axis=2),
        ((x > high) & finite).sum(axis=2),
        (~finite).sum(axis=2),
    )
    return np.stack(columns, axis=2).astype(np.float64)
