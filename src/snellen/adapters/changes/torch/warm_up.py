"""The learning rate grows over the first updates."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from torch.optim.optimizer import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.updates import Group, during_updates
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, steps: int) -> None:
    """The n-th update of an optimizer has n of `steps` parts of its rate.

    Counted by what it updates: an optimizer that the script makes anew for the same parameters goes
    on where the one before it stood.
    """
    made: Any = WeakIdKeyDictionary()
    """Updates, by an optimizer's first parameter."""

    def smaller(optimizer: Optimizer, group: Group) -> Group:
        first = next((p for g in optimizer.param_groups for p in g["params"]), None)
        if first is None or "lr" not in group:
            return {}
        if group is optimizer.param_groups[0]:
            made[first] = made.get(first, 0) + 1
        part = made.get(first, 0)
        return {"lr": group["lr"] * (part / steps)} if part < steps else {}

    during_updates(patches, smaller, lambda: effect.did("updates with a smaller learning rate"))
