"""Gradients are emptied after each update."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import weakref
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """On torch, empty what an update of Keras' optimisers has used and the script has not, right
    before the next backward pass: a script may look at its gradients until then.

    Optimisers of torch's own are left to the change in PyTorch.
    """
    if tensors.backend_name() != "torch":
        effect.cannot("Keras computes gradients anew at each step: there is nothing to empty")
        return
    import torch
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    used: list[tuple[weakref.ref[Any], weakref.ref[Any], int]] = []

    def apply(original: Any, optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
        result = original(optimizer, grads, trainable_variables)
        for variable in trainable_variables or optimizer._trainable_variables:
            parameter = getattr(variable, "value", variable)
            gradient = getattr(parameter, "grad", None)
            if gradient is not None:
                used.append((weakref.ref(parameter), weakref.ref(gradient), gradient._version))
        return result

    def backward(original: Any, *args: Any, **kwargs: Any) -> Any:
        left = 0
        while used:
            parameter, gradient, version = used.pop()
            owner, own = parameter(), gradient()
            # Another tensor, or one written to since: the script has seen to it.
            if owner is None or own is None or owner.grad is not own or own._version != version:
                continue
            owner.grad = None
            left += 1
        if left:
            effect.did("backward passes that began with gradients left over from an update")
        return original(*args, **kwargs)

    patches.around(BaseOptimizer, "apply", apply)
    patches.around(torch.Tensor, "backward", backward)
    patches.around(torch.autograd, "backward", backward)
