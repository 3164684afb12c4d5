"""Telling weights as a framework initialises them from weights that were once trained."""

from __future__ import annotations

from math import sqrt

import numpy as np

from snellen.core import Layer
from snellen.record import Subject
from snellen.stats import WeightState

NEAR_BOUND = 0.8
"""A uniform draw of a hundred weights hardly ever stays below 0.8 of its bound."""


def fresh(subject: Subject, layer: Layer) -> bool | None:
    """Whether the layer holds the weights of its initialisation: random, untrained.

    `False`: they moved during the run, or bear marks of an earlier training. `None`: not known.
    Marks of a beginning are scales γ that are all exactly 1, biases that are all exactly 0, and
    weights that fill the bounds of the framework's default uniform draw. Other draws (He's normal
    one) can't be told from trained weights.
    """
    seen = subject.last(layer.name, WeightState)
    if seen is None or not layer.weight_shape:
        return None
    state = seen.value
    if state.moved > 0 or not np.isfinite(state.largest):
        return False
    if len(state.gain):
        return bool(np.all(state.gain == 1))
    if len(state.bias) and np.all(state.bias == 0):
        return True
    reach = state.largest / default_bound(subject, layer)
    return True if NEAR_BOUND <= reach <= 1 + 1e-5 else None


def default_bound(subject: Subject, layer: Layer) -> float:
    """Largest weight that the framework's default draw gives: PyTorch 1/√fan_in, Keras (Glorot)
    √(6 / (fan_in + fan_out))."""
    outputs, *rest = layer.weight_shape or (1,)
    fan_in = float(np.prod(rest)) if rest else 1.0
    if subject.framework == "torch":
        return 1 / sqrt(max(1.0, fan_in))
    return sqrt(6 / max(1.0, fan_in + outputs * float(np.prod(rest[1:]))))
