"""Numbers of which some may not be finite."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def median(values: npt.ArrayLike) -> float:
    """Median of the finite values; NaN where there are none."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else float("nan")
