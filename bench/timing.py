"""Times of several functions, side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def side_by_side(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each function by name: the first decile, what it takes when nothing else disturbs
    it.

    Every round calls each function once, so that whatever else the machine does meets all of them
    alike.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.quantiles(taken, n=10)[0] for name, taken in times.items()}
