"""Penalties on parameters that a script adds to its loss by hand."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import torch
from torch import Tensor, nn

from snellen.adapters.changes.torch.functions import NN, around_function, script_as_written
from snellen.adapters.patches import Patches
from snellen.adapters.torch.graph import RESHAPING

MAGNITUDES = (
    (torch, "abs"), (torch, "absolute"), (torch, "square"), (torch, "norm"),
    (torch.linalg, "norm"), (torch.linalg, "vector_norm"), (torch.linalg, "matrix_norm"),
    (Tensor, "abs"), (Tensor, "absolute"), (Tensor, "__abs__"), (Tensor, "square"),
    (Tensor, "norm"),
)  # fmt: skip
"""Of one tensor."""
POWERS = ((torch, "pow"), (Tensor, "pow"), (Tensor, "__pow__"))
PRODUCTS = (
    (torch, "mul"), (torch, "multiply"), (torch, "dot"),
    (Tensor, "mul"), (Tensor, "multiply"), (Tensor, "__mul__"), (Tensor, "dot"),
)  # fmt: skip
"""Penalties where both factors are the same."""
DISTANCES = ((NN, "l1_loss"), (NN, "mse_loss"), (NN, "smooth_l1_loss"), (NN, "huber_loss"))
"""Penalties where the target is nothing but zeros."""
LAID_OUT = RESHAPING | {"CatBackward0", "StackBackward0", "TBackward0"}


class WithoutGradient(torch.autograd.Function):
    """The same numbers; a graph that leads to the parameter and brings it no gradient, so that
    `penalty.backward()` goes on working."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        del ctx
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        del ctx, gradient


def without_penalties(patches: Patches, met: Callable[[], None]) -> None:
    """Magnitudes, squares and norms of parameters keep their values and give no gradient; `met()`
    comes for each.

    Meant are parameters as they are or laid end to end, outside of the call of any module that has
    them.
    """
    call = inspect.unwrap(nn.Module._call_impl).__code__

    def penalised(tensor: Any) -> list[nn.Parameter]:
        """The parameters, where this is a penalty on them."""
        if not isinstance(tensor, Tensor) or not tensor.requires_grad:
            return []
        found = _parameters_in(tensor) if torch.is_grad_enabled() else []
        return found if found and not _called_in(found, call) else []

    def of_one(original: Any, *args: Any, **kwargs: Any) -> Any:
        # With its axis kept it is there to divide by: `w / w.norm(dim=1, keepdim=True)`.
        keeps_axis = args[3] if len(args) > 3 else kwargs.get("keepdim")
        if args and not keeps_axis and penalised(args[0]):
            met()
            args = (WithoutGradient.apply(args[0]), *args[1:])
        return original(*args, **kwargs)

    def of_power(original: Any, *args: Any, **kwargs: Any) -> Any:
        power = args[1] if len(args) > 1 else kwargs.get("exponent")
        if isinstance(power, int | float) and power >= 1 and args and penalised(args[0]):
            met()
            args = (WithoutGradient.apply(args[0]), *args[1:])
        return original(*args, **kwargs)

    def of_product(original: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 2 and isinstance(args[1], Tensor) and args[1].requires_grad:
            left = penalised(args[0])
            right = _parameters_in(args[1]) if left else []
            if left and list(map(id, left)) == list(map(id, right)):
                met()
                args = (WithoutGradient.apply(args[0]), WithoutGradient.apply(args[1]))
        return original(*args, **kwargs)

    def of_distance(original: Any, fed: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        if penalised(fed) and not target.any():
            met()
            fed = WithoutGradient.apply(fed)
        return original(fed, target, *args, **kwargs)

    for places, around in (
        (MAGNITUDES, of_one), (POWERS, of_power), (PRODUCTS, of_product), (DISTANCES, of_distance),
    ):  # fmt: skip
        for owner, name in places:
            around_function(patches, owner, name, around)
    script_as_written(patches)


def _parameters_in(tensor: Tensor) -> list[nn.Parameter]:
    """The parameters that a tensor is laid out of; nothing where it is made of anything else. A
    single number (a temperature, the weight of a loss) is no weight."""
    if tensor.is_leaf:
        return [tensor] if isinstance(tensor, nn.Parameter) and tensor.ndim else []
    found: list[nn.Parameter] = []
    waiting: list[Any] = [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        variable = getattr(node, "variable", None)
        if isinstance(variable, nn.Parameter):
            found.append(variable)
        elif node.name() in LAID_OUT:
            waiting += [behind for behind, _ in node.next_functions if behind is not None]
        else:
            return []
    return found


def _called_in(parameters: list[nn.Parameter], call: CodeType) -> bool:
    """Whether a module that has one of them is being called in this thread: what it computes there
    belongs to the layer.

    The stack tells, so that calls of modules cost nothing.
    """
    wanted = {id(p) for p in parameters}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is call:
            module = frame.f_locals["self"]
            if any(id(p) in wanted for p in module.parameters()):
                return True
        frame = frame.f_back
    return False
