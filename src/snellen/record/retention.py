"""Which steps stay when a run grows long.

Of every clock's captures there stay the newest ones, step 0, and in each eighth of a doubling the
first one that was taken: steps 1 to 16 all, then eight between any step and its double. So the
count, and with it the size of the file, grows with the logarithm of the run.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

PER_DOUBLING = 8
"""Captures that stay between a step and its double: enough for a curve on a logarithmic axis."""
NEWEST = 24
"""Newest captures that stay, whatever their distance: rules over several checks in a row read
these."""

THUMBNAILS_PER_DOUBLING = 2
"""Pictures weigh a hundred times more than sums, and a row of them needs few."""
NEWEST_THUMBNAILS = 4

LOSSES_PER_DOUBLING = 512
NEWEST_LOSSES = 10_000
LOSSES_LIMIT = 20_000
"""A series is thinned each time it has more points than this."""


def keep(
    steps: Collection[int], *, per_doubling: int = PER_DOUBLING, newest: int = NEWEST
) -> set[int]:
    """The steps that stay, at most `newest + 1 + per_doubling × (1 + log2(largest step))`.

    Thinning often gives the same as thinning once, because the first step of each part of a
    doubling stays the first: what comes later is larger.
    """
    ordered = np.array(sorted(steps), np.int64)
    firsts = np.unique(_parts(ordered, per_doubling), return_index=True)[1]
    return {int(step) for step in ordered[firsts]} | {int(step) for step in ordered[-newest:]}


def keep_losses(
    steps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which points of a series stay: the newest 10,000, of the older ones 512 per doubling of the
    step, and the first that is not finite. The steps must ascend; several points may share one."""
    kept = np.zeros(len(steps), np.bool_)
    kept[np.unique(_parts(steps, LOSSES_PER_DOUBLING), return_index=True)[1]] = True
    kept[np.flatnonzero(~np.isfinite(values))[:1]] = True
    kept[-NEWEST_LOSSES:] = True
    return kept


def _parts(steps: npt.NDArray[np.int64], per_doubling: int) -> npt.NDArray[np.int64]:
    """The number of the part of a doubling in which each step lies; step 0 has one of its own."""
    logs = np.floor(per_doubling * np.log2(np.maximum(steps, 1))).astype(np.int64)
    return np.where(steps > 0, logs, -1)
