"""How strong a layer's channels are, look by look: from the weakest to the strongest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snellen.report.parts.readings import Readings

QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


@dataclass(frozen=True)
class Spread:
    """Of the channels' root mean squares at one step."""

    step: int
    quantiles: tuple[float, ...]
    """Those of `QUANTILES`."""


def spreads(readings: Readings) -> tuple[Spread, ...]:
    """Channels without a finite value are left out; looks at which all are, too."""
    found: list[Spread] = []
    for step, row in zip(readings.steps, readings.rms, strict=True):
        finite = row[np.isfinite(row)]
        if len(finite):
            values = np.quantile(finite, QUANTILES)
            found.append(Spread(step, tuple(float(value) for value in values)))
    return tuple(found)
