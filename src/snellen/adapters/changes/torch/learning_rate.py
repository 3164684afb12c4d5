"""Every update is made with another learning rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.updates import Group, during_updates
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Scale the rate of every parameter group by `factor`, during the update alone."""

    def scaled(optimizer: Optimizer, group: Group) -> Group:
        del optimizer
        return {"lr": group["lr"] * factor} if "lr" in group else {}

    during_updates(patches, scaled, lambda: effect.did("updates with the learning rate scaled"))
