"""Gradients for our own eyes, on TensorFlow and torch; `.grad` and tapes stay untouched."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from snellen.adapters.keras import tensors
from snellen.adapters.keras.untouched import Values


def kernel_gradients(
    loss: Callable[[], Any], kernels: Sequence[Any], values: Values
) -> list[Any] | None:
    """Gradients of `loss()` by each of these variables; `None` without a loss.

    Variables are read as `values`. The gradient of one that the loss does not depend on is `None`.
    """
    import keras

    known = {id(variable): value for variable, value in values}
    points = [
        kernel.value if (value := known.get(id(kernel))) is None else value for kernel in kernels
    ]

    def loss_at(candidates: Sequence[Any]) -> Any:
        mapping = [*values, *zip(kernels, candidates, strict=True)]
        with keras.StatelessScope(state_mapping=mapping):
            return loss()

    if tensors.backend_name() == "tensorflow":
        return _tensorflow(loss_at, points)
    return _torch(loss_at, points)


def _tensorflow(loss_at: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import tensorflow as tf

    points = [tf.convert_to_tensor(point) for point in points]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        loss = loss_at(points)
    return None if loss is None else tape.gradient(loss, points)


def _torch(loss_at: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import torch

    leaves = [torch.as_tensor(point).detach().requires_grad_() for point in points]
    loss = loss_at(leaves)
    return None if loss is None else torch.autograd.grad(loss, leaves, allow_unused=True)
