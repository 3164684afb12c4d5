"""Every update is made with another learning rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from typing import Any

from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Scale the rate of every parameter group by `factor`, during the update alone.

    Between updates the groups hold the script's own rates, so that schedulers and loops that set or
    read them go on as they are.
    """
    scaled: weakref.WeakKeyDictionary[Optimizer, list[tuple[dict[str, Any], Any, Any]]] = (
        weakref.WeakKeyDictionary()
    )
    """Groups with the script's rate and the one that they were given."""

    def before(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        left = scaled.get(optimizer)
        if left and all(group["lr"] is given for group, _, given in left):
            # An update within this optimizer's own, as its class's `super().step()` is, or one
            # after an update that failed.
            return
        scaled[optimizer] = groups = []
        for group in optimizer.param_groups:
            if "lr" in group:
                given = group["lr"] * factor
                groups.append((group, group["lr"], given))
                group["lr"] = given
        if groups:
            effect.did("updates with the learning rate scaled")

    def after(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        for group, rate, given in scaled.pop(optimizer, ()):
            if group["lr"] is given:
                group["lr"] = rate

    patches.hook(register_optimizer_step_pre_hook(before))
    patches.hook(register_optimizer_step_post_hook(after))
