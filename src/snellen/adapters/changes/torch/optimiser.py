"""Momentum, averages and epsilon are the usual ones."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import inspect
from typing import Any

from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.updates import Group, during_updates
from snellen.adapters.patches import Patches

MOMENTUM = 0.9
"""The largest usual one."""
USUAL = {"betas": (0.9, 0.999), "eps": 1e-8}
"""Of Adam and its kin."""
AVERAGES = ("betas", "alpha", "rho", "eps")


def arm(effect: Effect, patches: Patches) -> None:
    """What the usual values are, PyTorch's own class says that an optimizer is or comes from; of
    others they are known if they are kin to Adam."""

    def usual(optimizer: Optimizer, group: Group) -> Group:
        defaults = _defaults(optimizer)
        if defaults is None:
            effect.cannot(f"the usual values of {type(optimizer).__name__} are not known")
            return {}
        wanted = {key: defaults[key] for key in AVERAGES if key in group and key in defaults}
        if "momentum" in group:
            most = max(MOMENTUM, float(defaults.get("momentum", 0.0)))
            wanted["momentum"] = min(group["momentum"], most)
        return {key: value for key, value in wanted.items() if _differs(group[key], value)}

    during_updates(
        patches, usual, lambda: effect.did("updates with the usual momentum and epsilon")
    )


def _differs(held: Any, usual: Any) -> bool:
    return bool(tuple(held) != usual if isinstance(usual, tuple) else held != usual)


def _defaults(optimizer: Optimizer) -> dict[str, Any] | None:
    for kind in type(optimizer).__mro__:
        if kind.__module__.startswith("torch.optim.") and kind is not Optimizer:
            parameters = inspect.signature(kind.__init__).parameters
            return {
                name: parameter.default
                for name, parameter in parameters.items()
                if parameter.default is not inspect.Parameter.empty
            }
    held = optimizer.defaults
    if "betas" in held and "eps" in held and len(held["betas"]) == 2:
        return dict(USUAL)
    return {} if "momentum" in held else None
