"""Momentum, averages and epsilon of the optimiser are the usual ones."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import inspect
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.attributes import replaced
from snellen.adapters.patches import Patches

_AVERAGES = ("beta_1", "beta_2", "rho", "adam_beta_1", "adam_beta_2", "epsilon")
_MOMENTUM = 0.9


def arm(effect: Effect, patches: Patches) -> None:
    """While it updates, an optimiser has the averages and the epsilon that its class of Keras has
    by default, and a momentum of 0.9 at most, or of its default where that is more.

    An optimiser of the script's own has the defaults of the class of Keras that it inherits from.
    """
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        usual = {
            name: value
            for name, value in _usual(optimizer).items()
            if getattr(optimizer, name) != value
        }
        if usual:
            effect.did("updates, or functions traced, with the usual momentum and averages")
        with replaced(optimizer, usual):
            return original(optimizer, *args, **kwargs)

    patches.around(BaseOptimizer, "apply", apply)


def _usual(optimizer: Any) -> dict[str, float]:
    """The usual values of the options that an optimiser has."""
    known = next(
        (one for one in type(optimizer).__mro__ if str(one.__module__).startswith("keras.")),
        type(optimizer),
    )
    defaults = {
        name: float(parameter.default)
        for name, parameter in inspect.signature(known.__init__).parameters.items()
        if isinstance(parameter.default, int | float)
    }
    found: dict[str, float] = {
        name: defaults[name]
        for name in _AVERAGES
        if name in defaults and isinstance(getattr(optimizer, name, None), int | float)
    }
    momentum = getattr(optimizer, "momentum", None)
    if isinstance(momentum, int | float) and "momentum" in defaults:
        found["momentum"] = min(float(momentum), max(_MOMENTUM, defaults["momentum"]))
    return found
