"""Nothing pulls the weights towards zero."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.functions import say_what_is_compiled
from snellen.adapters.changes.torch.penalties import without_penalties
from snellen.adapters.changes.torch.updates import Group, during_updates
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Take away the optimizers' weight decay during updates, and the gradients of penalties.

    Penalties keep their values: a loss that is printed or watched is the script's own.
    """

    def undecayed(optimizer: Optimizer, group: Group) -> Group:
        if group.get("lambd"):
            effect.cannot(f"the decay that is part of {type(optimizer).__name__} itself (`lambd`)")
        return {"weight_decay": 0.0} if group.get("weight_decay") else {}

    during_updates(patches, undecayed, lambda: effect.did("updates without weight decay"))
    without_penalties(patches, lambda: effect.did("penalties on weights that give no gradient"))
    say_what_is_compiled(effect, patches)
