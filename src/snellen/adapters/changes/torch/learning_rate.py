"""Every update is made with another learning rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

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
    scaled: list[tuple[dict[str, Any], Any]] = []

    def before(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        scaled.clear()
        for group in optimizer.param_groups:
            if "lr" in group:
                scaled.append((group, group["lr"]))
                group["lr"] = group["lr"] * factor
        if scaled:
            effect.did("updates with the learning rate scaled")

    def after(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del optimizer, args, kwargs
        while scaled:
            group, rate = scaled.pop()
            group["lr"] = rate

    patches.hook(register_optimizer_step_pre_hook(before))
    patches.hook(register_optimizer_step_post_hook(after))
