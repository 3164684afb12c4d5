"""What "active" and "saturated" mean for the activation that made a map."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Rails:
    """The map table counts values strictly below `low` and strictly above `high`."""

    low: float
    high: float
    squashes: bool = False
    """Beyond the rails the activation's slope is below 5% of its largest: the unit is saturated."""
    zeroes: bool = False
    """The activation puts out exact zeros, so a map that never exceeds zero is silent."""


RAILS = {
    "linear": Rails(-inf, 0.0),
    "relu": Rails(-inf, 0.0, zeroes=True),
    # A clipped rectifier is saturated at its clip; its zero side is silence, not saturation.
    "relu6": Rails(-inf, 0.0, zeroes=True),
    "leaky_relu": Rails(-inf, 0.0),
    "elu": Rails(-inf, 0.0),
    "selu": Rails(-inf, 0.0),
    "gelu": Rails(-inf, 0.0),
    "silu": Rails(-inf, 0.0),
    "mish": Rails(-inf, 0.0),
    "softplus": Rails(-inf, 0.0),
    "hard_swish": Rails(-inf, 0.0),
    # tanh' = 1 - a² < 0.05 where |a| > 0.9747.
    "tanh": Rails(-0.975, 0.975, squashes=True),
    # 4 a (1 - a) < 0.05 where a is outside [0.0127, 0.9873].
    "sigmoid": Rails(0.0127, 0.9873, squashes=True),
    "hard_tanh": Rails(-0.9999, 0.9999, squashes=True),
    "hard_sigmoid": Rails(0.0001, 0.9999, squashes=True),
    "softsign": Rails(-0.776, 0.776, squashes=True),
    "softmax": Rails(0.0127, 0.9873),
}
"""Rails by activation. The slope rule is S03 of the catalogue; softsign' = (1 - |a|)² < 0.05."""


def rails(activation: str | None) -> Rails:
    """The rails of an activation; those of `linear` when it is unknown."""
    return RAILS.get(activation or "linear", RAILS["linear"])
