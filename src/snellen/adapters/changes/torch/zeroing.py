"""Gradients of one update are gone before those of the next are computed."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.updates import after_updates, before_updates
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Empty what an update has used when the next backward pass begins.

    Not at once: a script that looks at gradients after its step finds them. What it has emptied or
    changed by itself meanwhile is left alone.
    """
    used: dict[int, tuple[Tensor, int, int]] = {}
    """Parameters with their gradients' identities and versions, by the parameters' own ones."""

    def note(optimizer: Optimizer) -> None:
        held = [p for group in optimizer.param_groups for p in group["params"]]
        used.update({id(p): (p, id(p.grad), p.grad._version) for p in held if p.grad is not None})

    def empty() -> None:
        emptied = False
        for parameter, kept, version in used.values():
            gradient = parameter.grad
            if gradient is not None and id(gradient) == kept and gradient._version == version:
                parameter.grad = None
                emptied = True
        used.clear()
        if emptied:
            effect.did("backward passes before which old gradients were emptied")

    def backward(original: Any, *args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            empty()
        return original(*args, **kwargs)

    # `Tensor.backward` calls this one too.
    patches.around(torch.autograd, "backward", backward)
    after_updates(patches, note)
    # An optimizer that evaluates its closure several times in a step needs new ones each time.
    before_updates(patches, note)
