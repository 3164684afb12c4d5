"""How far a training came, as symptoms of learning need to know it.

Whether that is harm is not decided here but by the outcome gate.
"""

from __future__ import annotations

import numpy as np

from snellen.record import Subject
from snellen.symptoms.outcome import end_of, first_of, training_loss, yardstick

UNLEARNT = 0.5
"""Share of the way from guessing down to the floor that a training has left when half is learnt."""


def loss_left(subject: Subject) -> float:
    """The training loss at the end, above its floor, over that of the best constant guess.

    0: all is learnt; 1: no better than guessing. Where guessing has no known loss, over the first
    loss. NaN when no loss was seen.
    """
    series = training_loss(subject)
    end, measure = end_of(series, subject), yardstick(subject)
    if series is None or not np.isfinite(end):
        return float("nan")
    if np.isfinite(measure.prior) and measure.prior > measure.floor:
        return (end - measure.floor) / (measure.prior - measure.floor)
    start = first_of(series)
    return end / start if start > 0 else float("nan")


def unlearnt(subject: Subject) -> bool:
    """Whether more than half of the loss is left; `False` where that is not known."""
    return loss_left(subject) > UNLEARNT
