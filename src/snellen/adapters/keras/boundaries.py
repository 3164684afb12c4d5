"""The places where our code runs inside the user's training."""

from __future__ import annotations

BOUNDARIES: tuple[str, ...] = (
    "keras.fit",
    "keras.epoch",
    "keras.batch",
    "keras.feed",
    "keras.update",
    "keras.step",
    "keras.evaluated",
    "keras.held-out",
    "keras.loaded",
    "keras.backward",
    "keras.call",
    "keras.loss",
    "keras.function",
)
"""Every place where our code runs inside a training, by the name given to the guard."""
