"""Numbers of which some may not be finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def real(value: Any) -> float | None:
    """The value where it is a finite number (true and false are none), else `None`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return float(value)


def median(values: npt.ArrayLike) -> float:
    """Median of the finite values; NaN where there are none."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else float("nan")
