"""The map table: eight numbers per image and channel, in one pass over memory."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.kernels.compiled import LIBRARY
from snellen.stats.kernels.plain import map_table_numpy
from snellen.stats.kernels.values import as_known

COLUMNS = (
    "sum",
    "squares",
    "magnitudes",
    "minimum",
    "maximum",
    "below",
    "above",
    "nonfinite",
)
"""The last axis of the table."""

COMPILED = LIBRARY is not None
"""Whether the C kernel is used; `reason_not_compiled` says why not."""

VALUES_PER_THREAD = 1 << 17
"""A thread is worth starting (some 30 µs) only for as many values (some 60 µs)."""

DEFAULT_THREADS = 4
"""Memory is the limit, and a few cores reach it."""

_Axes = ctypes.c_int64 * 5


def map_table(
    maps: npt.NDArray[Any],
    low: float,
    high: float,
    *,
    bfloat16: bool = False,
    threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """The table `(images, channels, 8)` of maps `(images, channels, *positions)`; columns as
    `COLUMNS`.

    All columns but the last are over the finite values alone; without any, sums and counts are 0,
    the minimum is `inf` and the maximum `-inf`. `below` and `above` count values strictly beyond
    the rails, compared exactly whatever the dtype. Float64 is summed in float64, anything smaller
    pairwise in float32 over a few thousand values and then in float64, to a relative precision of
    about 1e-6 of `magnitudes` and `squares`.

    Maps have up to three position axes, any strides (none is copied) and are float16, float32,
    float64, or bfloat16: its bits in a 16-bit integer array with `bfloat16=True`. Other numbers are
    converted first. They are only read, and not kept. The interpreter's lock is released.
    `threads`: at most so many; by default what the size is worth, up to 4. The result does not
    depend on it.

    Raises `ValueError` for another number of axes and for values that are not real numbers.
    """
    if LIBRARY is None:
        return map_table_numpy(maps, low, high, bfloat16=bfloat16)
    maps, kind = as_known(maps, bfloat16)
    table = np.empty((*maps.shape[:2], 8))
    if maps.size == 0:
        table[:] = (0.0, 0.0, 0.0, np.inf, -np.inf, 0.0, 0.0, 0.0)
        return table
    missing = 5 - maps.ndim
    LIBRARY.snellen_map_table(
        maps.ctypes.data,
        int(kind),
        _Axes(*maps.shape, *(1,) * missing),
        _Axes(*maps.strides, *(0,) * missing),
        low,
        high,
        _threads(maps.size) if threads is None else threads,
        table.ctypes.data,
    )
    return table


def _threads(values: int) -> int:
    if values < 2 * VALUES_PER_THREAD:
        return 1
    return min(_cores(), DEFAULT_THREADS, values // VALUES_PER_THREAD)


def _cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
