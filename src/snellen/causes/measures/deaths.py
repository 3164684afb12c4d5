"""When channels fell silent, and where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.stats import MapSummary
from snellen.symptoms.structure import zeroes

MANY = 0.4
"""Share of a network's rectified channels that no healthy training loses."""


@dataclass(frozen=True)
class Deaths:
    """Share of rectified channels that no probe image switches on, over the training."""

    steps: tuple[int, ...]
    shares: tuple[float, ...]
    """Of all rectified channels of hidden layers, at each of `steps`."""
    layers: tuple[tuple[str, float, float], ...]
    """Name, share at the first look and share at the last, in the order of the network."""

    @property
    def first(self) -> float:
        """Share before the first step, or at the earliest look there is."""
        return self.shares[0]

    @property
    def last(self) -> float:
        return self.shares[-1]

    @property
    def grown(self) -> float:
        """Share that died in training."""
        return self.last - self.first

    @property
    def onset(self) -> int | None:
        """Steps done at the first look at which half of those that died were dead; `None` where
        fewer than a twentieth of all died."""
        if self.grown < 0.05:
            return None
        half = self.first + self.grown / 2
        return next(s for s, share in zip(self.steps, self.shares, strict=True) if share >= half)

    @property
    def looked_before(self) -> int:
        """Steps done at the look before `onset`: half of them died after it. -1 without one."""
        before = [step for step in self.steps if self.onset is not None and step < self.onset]
        return before[-1] if before else -1


@lru_cache(maxsize=8)
def deaths(case: Case) -> Deaths | None:
    """`None` where no rectified layer was looked at."""
    rectified = [x for x in case.hidden if zeroes(x)]
    seen = {
        layer.name: {e.step: e.value for e in case.subject.history(layer.name, MapSummary, "post")}
        for layer in rectified
    }
    common = set[int].intersection(*map(set, seen.values())) if seen else set[int]()
    steps = tuple(sorted(s for s in common if all(looks[s].images for looks in seen.values())))
    if not steps:
        return None
    channels = {name: looks[steps[0]].channels for name, looks in seen.items()}
    silent = {
        name: [float(np.mean(looks[step].silent)) for step in steps] for name, looks in seen.items()
    }
    total = sum(channels.values())
    shares = tuple(
        sum(silent[name][i] * channels[name] for name in seen) / total for i in range(len(steps))
    )
    layers = tuple((name, silent[name][0], silent[name][-1]) for name in seen)
    return Deaths(steps, shares, layers)
