"""What the training loss did."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.symptoms.curves import curve
from snellen.symptoms.outcome import end_of, training_loss, yardstick


@dataclass(frozen=True)
class Losses:
    """Landmarks of a loss curve."""

    first: float
    """Before the first step."""
    highest: float
    """Largest finite value after it."""
    highest_at: int
    end: float
    prior: float
    """Loss of the best constant guess; NaN where there is none to compare with."""
    floor: float
    fall: float
    """Fall over the last quarter of the training as a share of what was left at its beginning;
    NaN for curves too short to say."""
    fall_errors: float
    """The same fall in standard errors; NaN likewise."""
    roughness: float
    """Standard deviation of the last half of the curve around its own straight line, over the
    mean of that half; NaN for curves too short to say."""
    non_finite: bool

    @property
    def spike(self) -> float:
        """The highest loss over that of the start, or over that of guessing where that is
        larger: 1 for a curve that never rose."""
        base = max(self.first, self.prior) if np.isfinite(self.prior) else self.first
        return max(self.highest / base, 0.0) if base > 0 else float("nan")

    @property
    def left(self) -> float:
        """Share of the way from guessing down to the floor that is left at the end: 1 for a
        training that is no better than guessing. NaN where guessing has no known loss."""
        return (self.end - self.floor) / (self.prior - self.floor)


@lru_cache(maxsize=8)
def losses(case: Case) -> Losses | None:
    """`None` where no training loss was seen."""
    series = training_loss(case.subject)
    if series is None or not len(series.values):
        return None
    values = series.values
    finite = np.isfinite(values)
    measure = yardstick(case.subject)
    later = np.where(finite, values, -np.inf)[1:]
    at = int(np.argmax(later)) + 1 if len(later) and np.isfinite(later.max()) else 0
    highest = float(values[at]) if finite[at] else float("nan")
    fall, errors, rough = _ending(case)
    return Losses(
        float(values[np.flatnonzero(finite)[0]]) if finite.any() else float("nan"),
        highest,
        int(series.steps[at]),
        end_of(series, case.subject),
        measure.prior,
        measure.floor,
        fall,
        errors,
        rough,
        not bool(finite.all()),
    )


def _ending(case: Case) -> tuple[float, float, float]:
    """Fall over the last quarter, the same in standard errors, and roughness of the second half."""
    line = curve(case.subject, training_loss(case.subject))
    if line is None or len(line.means) < 4:
        return float("nan"), float("nan"), float("nan")
    n = len(line.means)
    half = line.means[n // 2 :]
    x = np.arange(len(half))
    straight = np.polyval(np.polyfit(x, half, 1), x) if len(half) > 2 else half
    mean = float(np.abs(half).mean())
    rough = float((half - straight).std()) / mean if mean > 0 else float("nan")
    floor = yardstick(case.subject).floor
    start, end = line.means[-max(2, n // 4)], line.means[-1]
    error = float(np.hypot(line.errors[-max(2, n // 4)], line.errors[-1]))
    left = start - floor
    fall = float((start - end) / left) if left > 0 else float("nan")
    return fall, float((start - end) / error) if error > 0 else float("nan"), rough
