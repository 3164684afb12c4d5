"""Every update is made with another learning rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false

from __future__ import annotations

from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Scale the rate by `factor` while an optimiser applies gradients, and at no other time.

    The variable that holds the rate, and what a schedule gives, stay the script's own: callbacks
    that read and set them go on as they are. A compiled training function has the factor built in,
    so that it is counted once for each function traced.
    """
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    applying: list[Any] = []

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        applying.append(optimizer)
        effect.did("updates, or functions traced, with the learning rate scaled")
        try:
            return original(optimizer, *args, **kwargs)
        finally:
            applying.pop()

    def rate(original: Any, optimizer: Any) -> Any:
        found = original(optimizer)
        return found * factor if applying and applying[-1] is optimizer else found

    patches.around(BaseOptimizer, "apply", apply)
    patches.around(BaseOptimizer, "_get_current_learning_rate", rate)
