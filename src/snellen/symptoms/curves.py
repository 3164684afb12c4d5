"""Loss curves, smoothed as far as single batches make them noisy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.record import LossSeries, Subject
from snellen.symptoms.phases import number

Floats = npt.NDArray[np.float64]
BLOCKS = 20
"""Blocks that a curve is cut into where no epochs are known."""
MOST_BLOCKS = 60
"""More epochs than these are averaged several at a time."""
MEASURES = ("val_loss", "valid_loss", "validation_loss", "test_loss")
"""Names that scripts log the loss on held-out images under."""


@dataclass(frozen=True)
class Curve:
    """Means over whole epochs, or over equal parts of the training. Arrays have the shape
    `(blocks,)`."""

    steps: Floats
    """Mean step of each block."""
    means: Floats
    errors: Floats
    """Standard error of each mean, from the spread within its block."""
    epochs: float
    """Epochs in a block; NaN where they are not known."""

    @property
    def change_per_block(self) -> Floats:
        return np.diff(self.means)


def curve(subject: Subject, series: LossSeries | None) -> Curve | None:
    """The training loss block by block; `None` with fewer than four blocks or 12 values.

    Blocks are whole epochs where their length is known and there are at least four, so that what
    repeats in each epoch does not show. Values that are not finite are left out.
    """
    if series is None:
        return None
    kept = np.isfinite(series.values)
    steps, values = series.steps[kept], series.values[kept]
    if len(values) < 12:
        return None
    per_epoch = number(subject, "steps_per_epoch") or 0.0
    done = float(steps[-1] + 1)
    if per_epoch >= 1 and done / per_epoch >= 3.9:
        together = max(1.0, np.ceil(done / per_epoch / MOST_BLOCKS))
        length, epochs = per_epoch * together, together
    else:
        length, epochs = done / BLOCKS, float("nan")
    block = np.floor(steps / length).astype(np.int64)
    made = [_block(steps[block == b], values[block == b]) for b in np.unique(block)]
    # A last epoch that hardly began is no block of its own.
    if len(made) > 1 and (block == block[-1]).sum() < 0.5 * (block == block[0]).sum():
        made = made[:-1]
    if len(made) < 4:
        return None
    columns = np.array(made).T
    return Curve(columns[0], columns[1], columns[2], epochs)


def _block(steps: npt.NDArray[np.int64], values: Floats) -> tuple[float, float, float]:
    n = len(values)
    error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else float(abs(values[0]))
    return float(steps.mean()), float(values.mean()), error


def held_out_loss(subject: Subject) -> Floats:
    """The loss on held-out images at each evaluation, as the script logged it or computed it.

    Empty where it did neither. Values that are not finite are left out.
    """
    for name in MEASURES:
        logged = subject.losses.get(name)
        if logged is not None and len(logged.values):
            return logged.values[np.isfinite(logged.values)]
    seen = subject.losses.get("eval")
    if seen is None or not len(seen.values):
        return np.zeros(0)
    kept = np.isfinite(seen.values)
    steps, values = seen.steps[kept], seen.values[kept]
    return np.array([float(values[steps == s].mean()) for s in np.unique(steps)])


def rising(values: Floats) -> int:
    """Evaluations since the lowest value, where the last ones lie clearly above it; else 0.

    Clearly: by a tenth of the lowest value, on average over the last three.
    """
    if len(values) < 5:
        return 0
    smooth = np.convolve(values, np.full(3, 1 / 3), "valid")
    lowest = int(smooth.argmin())
    return len(smooth) - 1 - lowest if smooth[-1] > 1.1 * smooth[lowest] > 0 else 0
