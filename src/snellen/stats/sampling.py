"""Choosing some channels and some positions of large maps, the same ones every time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """All of `count` numbers from 0, or `most` of them, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def scattered(
    maps: npt.NDArray[Any], channels: npt.NDArray[np.int64], positions: int
) -> npt.NDArray[Any]:
    """Of maps `(images, channels, *positions)`, any strides: `(images, channels, positions)` at the
    given channels and at most so many positions, copied; nothing else is read.

    float64 stays, all else becomes float32. The positions depend on the maps' shape alone, and
    follow no lattice: evenly spaced ones would lie in a few columns of a map.
    """
    places = math.prod(maps.shape[2:])
    if places > positions:
        drawn = np.random.default_rng(0).choice(places, positions, replace=False, shuffle=False)
        place = np.sort(drawn)
    else:
        place = np.arange(places)
    kind = maps.dtype if maps.dtype == np.float64 else np.dtype(np.float32)
    if maps.ndim == 2:
        return maps[:, channels, None].astype(kind)
    where = np.unravel_index(place, maps.shape[2:])
    return maps[(slice(None), channels[:, None], *where)].astype(kind)
