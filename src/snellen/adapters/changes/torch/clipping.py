"""Gradients are clipped in one way, or not at all, whatever the script does."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import inspect
import weakref
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad
from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.updates import before_updates
from snellen.adapters.patches import Patches
from snellen.adapters.torch.clipping import PLACES

CLIPPING = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_")


def arm(effect: Effect, patches: Patches, *, norm: float | None) -> None:
    """Take the script's calls of `torch.nn.utils` away and clip at each update instead.

    The calls return what they would: scripts print the norm, and skip a step where it is not
    finite.
    """
    # Our own clipping is not to be heard as the script's.
    clip: Any = inspect.unwrap(clip_grad.clip_grad_norm_)
    hooked: weakref.WeakSet[Optimizer] = weakref.WeakSet()

    def taken_away(original: Any, parameters: Any, *args: Any, **kwargs: Any) -> Any:
        effect.did("calls of the script that clip, taken away")
        return original(_copies(parameters), *args, **kwargs)

    def ready(optimizer: Optimizer) -> None:
        held = [p for group in optimizer.param_groups for p in group["params"]]
        if optimizer not in hooked:
            hooked.add(optimizer)
            if any(p._backward_hooks or p._post_accumulate_grad_hooks for p in held):
                effect.cannot("hooks on parameters may change gradients as well")
        if norm is None:
            return
        given = [p for p in held if p.grad is not None]
        if any(p.grad.layout is not torch.strided for p in given):
            effect.cannot("sparse gradients are not clipped")
            return
        # A fused optimizer takes its gradients as a scaler left them.
        scale = getattr(optimizer, "grad_scale", None)
        limit = norm * (1.0 if scale is None else float(scale))
        with torch.no_grad():
            before = clip(given, limit)
        if not float(before) <= limit:
            effect.did("updates with clipped gradients")

    for place in PLACES:
        for name in CLIPPING:
            if hasattr(place, name):
                patches.around(place, name, taken_away)
    before_updates(patches, ready)


def _copies(parameters: Any) -> list[Tensor]:
    """Stand-ins for parameters, with copies of their gradients."""
    copies: list[Tensor] = []
    for tensor in [parameters] if isinstance(parameters, Tensor) else parameters:
        copy = tensor.detach()
        copy.grad = tensor.grad.detach().clone() if tensor.grad is not None else None
        copies.append(copy)
    return copies
