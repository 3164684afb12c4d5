"""The plainest possible implementations, to compare the real ones with."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt


def map_table(maps: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.float64]:
    """Of maps of any real dtype, one row at a time, with Python's exactly rounded sums."""
    images, channels = maps.shape[:2]
    table = np.zeros((images, channels, 8))
    for n, c in itertools.product(range(images), range(channels)):
        values = [float(x) for x in maps[n, c].ravel()]
        kept = [x for x in values if math.isfinite(x)]
        table[n, c] = (
            math.fsum(kept),
            math.fsum(x * x for x in kept),
            math.fsum(abs(x) for x in kept),
            min(kept, default=math.inf),
            max(kept, default=-math.inf),
            sum(x < low for x in kept),
            sum(x > high for x in kept),
            len(values) - len(kept),
        )
    return table


def hsic(k: npt.NDArray[np.float64], l: npt.NDArray[np.float64]) -> float:  # noqa: E741
    """Unbiased HSIC from its definition: means over tuples of different images."""
    n = len(k)

    def mean(terms: list[float]) -> float:
        return math.fsum(terms) / len(terms)

    pairs = [k[i, j] * l[i, j] for i, j in itertools.permutations(range(n), 2)]
    triples = [k[i, j] * l[i, q] for i, j, q in itertools.permutations(range(n), 3)]
    fours = [k[i, j] * l[q, r] for i, j, q, r in itertools.permutations(range(n), 4)]
    return mean(pairs) - 2 * mean(triples) + mean(fours)


def cka(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    k, l = x @ x.T, y @ y.T  # noqa: E741
    return hsic(k, l) / math.sqrt(hsic(k, k) * hsic(l, l))
