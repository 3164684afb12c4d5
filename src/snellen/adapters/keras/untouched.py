"""Runs our own passes so that nothing the training reads afterwards has changed."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Sequence
from typing import Any

from snellen.adapters.keras import tensors


class _Own(threading.local):
    """Passes of ours under way in this thread."""

    passes = 0


OWN = _Own()

Values = Sequence[tuple[Any, Any]]
"""Variables, each with the tensor that it is to have."""


_STATE = (
    "trainable_variables",
    "non_trainable_variables",
    "optimizer_variables",
    "metrics_variables",
)


def current_values(model: Any) -> Values:
    """What to read a model's variables as, where the variables themselves are out of date.

    During `fit` on JAX the state is carried outside the variables, which are empty meanwhile.
    """
    state = getattr(model, "_jax_state", None)
    if not state or getattr(model, "_jax_state_synced", True):
        return ()
    return paired(model, [state.get(name) for name in _STATE])


def paired(model: Any, state: Sequence[Any]) -> Values:
    """A model's variables with their values in the state that a training step on JAX is given."""
    optimizer = getattr(model, "optimizer", None)
    variables = (
        model.trainable_variables,
        model.non_trainable_variables,
        [] if optimizer is None else optimizer.variables,
        model.metrics_variables,
    )
    return [
        pair
        for group, values in zip(variables, state, strict=True)
        for pair in zip(group, values or (), strict=False)
    ]


@contextlib.contextmanager
def untouched(model: Any, values: Values, *, differentiable: bool = False) -> Generator[None]:
    """Inside the block the model reads its variables as `values` (others as they are), and what it
    assigns to them is forgotten; so are draws from the backend's random streams, modes and buffers.

    The streams of Python and NumPy are left alone: a thread that makes batches may be drawing from
    them, and putting them back would make it draw the same once more.

    Nothing is recorded for a gradient, unless it is to be `differentiable`.
    """
    import keras

    with contextlib.ExitStack() as stack:
        stack.enter_context(_losses(model))
        if tensors.backend_name() == "tensorflow":
            stack.enter_context(_tensorflow(differentiable))
        elif tensors.backend_name() == "torch":
            stack.enter_context(_torch(model, differentiable))
        stack.enter_context(keras.StatelessScope(state_mapping=list(values)))
        OWN.passes += 1
        try:
            yield
        finally:
            OWN.passes -= 1


@contextlib.contextmanager
def _losses(model: Any) -> Generator[None]:
    """A call of a model begins by clearing what its layers added to the loss in the last one."""
    layers = list(model._flatten_layers())
    kept = [(layer, list(layer._losses), set(layer._loss_ids)) for layer in layers]
    try:
        yield
    finally:
        for layer, losses, ids in kept:
            if losses or layer._losses:
                layer._losses.clear()
                layer._losses.extend(losses)
            layer._loss_ids.update(ids)


@contextlib.contextmanager
def _tensorflow(differentiable: bool) -> Generator[None]:
    import tensorflow as tf
    from tensorflow.python.eager import context

    eagerly = tf.config.functions_run_eagerly()
    # `init_scope` leaves a graph that is being traced, and also stops every tape.
    aside = differentiable and tf.executing_eagerly()
    with contextlib.nullcontext() if aside else tf.init_scope():
        # The stream that unseeded operations take their seeds from.
        stream = getattr(context.context(), "_rng", None)
        state = None if stream is None else stream.getstate()
        # A model whose `call` is a `tf.function` would show us a graph, and be traced once more.
        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(eagerly)
            if stream is not None:
                stream.setstate(state)


@contextlib.contextmanager
def _torch(model: Any, differentiable: bool) -> Generator[None]:
    import torch

    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer._version, buffer.clone()) for buffer in model.buffers()]
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices=devices), torch.set_grad_enabled(differentiable):
        try:
            yield
        finally:
            for module, training in modes:
                if module.training != training:
                    module.training = training
            for buffer, version, copy in buffers:
                if buffer._version != version:
                    with torch.no_grad():
                        buffer.copy_(copy)
