"""The learning rate grows in a straight line over the first updates."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, steps: int) -> None:
    """Scale the rate by what part of `steps` the optimiser has behind it, while it updates.

    The steps are counted by the optimiser itself, each by its own, so that an optimiser that was
    restored with more of them behind it has no warm-up. The variable that holds the rate, and what
    a schedule gives, stay the script's own.
    """
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    applying: list[Any] = []

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        applying.append(optimizer)
        if not _is_over(optimizer, steps):
            effect.did("updates, or functions traced, with the learning rate warmed up")
        try:
            return original(optimizer, *args, **kwargs)
        finally:
            applying.pop()

    def rate(original: Any, optimizer: Any) -> Any:
        found = original(optimizer)
        if not applying or applying[-1] is not optimizer or _is_over(optimizer, steps):
            return found
        return found * _part(optimizer, steps, found)

    patches.around(BaseOptimizer, "apply", apply)
    patches.around(BaseOptimizer, "_get_current_learning_rate", rate)


def _is_over(optimizer: Any, steps: int) -> bool:
    """Whether the warm-up is known to be over; in a compiled step the rate itself must tell."""
    done = getattr(optimizer.iterations, "value", optimizer.iterations)
    return not tensors.is_symbolic(done) and _has_value(done) and int(done) >= steps


def _has_value(done: Any) -> bool:
    # A variable of TensorFlow that is read in a graph has none there.
    if tensors.backend_name() != "tensorflow":
        return True
    import tensorflow as tf

    return bool(tf.executing_eagerly())


def _part(optimizer: Any, steps: int, rate: Any) -> Any:
    import keras

    ops: Any = keras.ops

    dtype = getattr(rate, "dtype", "float32")
    done = ops.cast(ops.add(optimizer.iterations, 1), dtype)
    return ops.minimum(done / steps, ops.ones((), dtype))
