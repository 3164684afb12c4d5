"""Gradients of a loss computed for our own eyes, on each backend; `.grad` and tapes stay untouched."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from snellen.adapters.contract import Array
from snellen.adapters.keras import tensors


def kernel_gradients(
    loss_of: Callable[[Sequence[Any]], Any], points: Sequence[Any]
) -> list[Array | None] | None:
    """Gradients of `loss_of(points)` by each of the points, on the host; `None` without a loss.

    The gradient of a point that the loss does not depend on is `None`.
    """
    name = tensors.backend_name()
    gradients = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[name](loss_of, points)
    if gradients is None:
        return None
    return [None if gradient is None else tensors.on_host(gradient) for gradient in gradients]


def _tensorflow(loss_of: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import tensorflow as tf

    points = [tf.convert_to_tensor(point) for point in points]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        loss = loss_of(points)
    if loss is None:
        return None
    # An embedding's gradient is a list of rows; no kernel here has one.
    return [
        gradient if gradient is None else tf.convert_to_tensor(gradient)
        for gradient in tape.gradient(loss, points)
    ]


def _jax(loss_of: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import jax

    points = [jax.numpy.asarray(point) for point in points]
    missing: list[bool] = []

    def scalar(candidates: Sequence[Any]) -> Any:
        loss = loss_of(candidates)
        missing.append(loss is None)
        return jax.numpy.zeros(()) if loss is None else loss

    gradients = jax.grad(scalar)(points)
    return None if any(missing) else gradients


def _torch(loss_of: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import torch

    with torch.enable_grad():
        leaves = [torch.as_tensor(point).detach().requires_grad_() for point in points]
        loss = loss_of(leaves)
        if loss is None:
            return None
        return torch.autograd.grad(loss, leaves, allow_unused=True)
