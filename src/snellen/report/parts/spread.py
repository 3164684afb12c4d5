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
    finite = np.isfinite(readings.rms)
    whole = finite.all(axis=1) & (readings.rms.shape[1] > 0)
    # In one go where that is possible: NumPy takes longer to begin than to do one look.
    every = np.quantile(readings.rms[whole], QUANTILES, axis=1).T if whole.any() else ()
    known = dict(zip(np.flatnonzero(whole).tolist(), every, strict=True))
    for look in np.flatnonzero(~whole & finite.any(axis=1)).tolist():
        known[look] = np.quantile(readings.rms[look, finite[look]], QUANTILES)
    return tuple(
        Spread(readings.steps[look], tuple(float(value) for value in known[look]))
        for look in sorted(known)
    )
