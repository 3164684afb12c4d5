"""Gradients for our own eyes; `.grad` and tapes stay untouched."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from snellen.adapters.contract import Array
from snellen.adapters.keras import tensors
from snellen.adapters.keras.images import channels_back
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
    return None if loss is None else _gradient(tape, loss, points)


def _torch(loss_at: Callable[[Sequence[Any]], Any], points: Sequence[Any]) -> Any:
    import torch

    leaves = [torch.as_tensor(point).detach().requires_grad_() for point in points]
    loss = loss_at(leaves)
    return None if loss is None else torch.autograd.grad(loss, leaves, allow_unused=True)


Pull = Callable[[Array], Array]
"""Weights for maps `(images, channels, *positions)`, on the host."""

MapsAt = Callable[[Any], tuple[Any, int] | None]
"""`maps_at(images)`: maps of the model and the axis of their channels; `None` without such maps."""


def pulled_gradients(maps_at: MapsAt, images: Any, pull: Pull | None) -> Any:
    """Gradient of `Σ pull(maps) · maps` by the images, a tensor; `None` where the maps don't follow
    from them by steps that have gradients."""
    ask = {
        "tensorflow": _pulled_by_tensorflow,
        "torch": _pulled_by_torch,
        "jax": _pulled_by_jax,
    }[tensors.backend_name()]
    return ask(maps_at, images, pull)


def _weights(maps: Any, axis: int, pull: Pull | None) -> Any:
    """What `pull` gives for these maps, in their own layout and dtype."""
    import keras
    import numpy as np

    host = tensors.channels_second(tensors.on_host(maps), axis)
    weights = np.ones(host.shape, np.float32) if pull is None else pull(tensors.as_float(host))
    if weights.shape != host.shape:
        raise ValueError(f"weights of shape {weights.shape} for maps of {host.shape}")
    laid = np.ascontiguousarray(channels_back(weights, axis))
    return keras.ops.convert_to_tensor(laid, dtype=keras.backend.standardize_dtype(maps.dtype))


def _pulled_by_tensorflow(maps_at: MapsAt, images: Any, pull: Pull | None) -> Any:
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        found = maps_at(images)
    if found is None:
        return None
    return _gradient(tape, found[0], images, output_gradients=_weights(*found, pull))


def _gradient(tape: Any, *args: Any, **options: Any) -> Any:
    """`None` where TensorFlow has no kernel for it: that of grouped convolutions on the CPU."""
    import tensorflow as tf

    try:
        return tape.gradient(*args, **options)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return None


def _pulled_by_torch(maps_at: MapsAt, images: Any, pull: Pull | None) -> Any:
    import torch

    images = images.detach().requires_grad_()
    found = maps_at(images)
    if found is None or not found[0].requires_grad:
        return None
    weights = _weights(*found, pull)
    return torch.autograd.grad(found[0], images, weights, allow_unused=True)[0]


def _pulled_by_jax(maps_at: MapsAt, images: Any, pull: Pull | None) -> Any:
    import jax

    axis: list[int] = []

    def maps(images: Any) -> Any:
        found = maps_at(images)
        if found is None:
            raise _NoMapsError
        axis.append(found[1])
        return found[0]

    try:
        values, back = jax.vjp(maps, images)
    except _NoMapsError:
        return None
    return back(_weights(values, axis[-1], pull))[0]


class _NoMapsError(Exception):
    """A function to be differentiated has found nothing."""
