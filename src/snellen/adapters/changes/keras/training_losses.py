"""The losses of a training, computed in another way; those of evaluations stay what they are."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches

FUNCTIONS = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)
"""What every cross-entropy of Keras ends in, by its name in the backend."""


@dataclass(frozen=True)
class LossCall:
    """One call of a loss object in training."""

    loss: Any
    labels: Any
    output: Any
    weights: Any
    """The script's own weights of the images, or `None`."""
    compute: Callable[[Any, Any], Any]
    """The loss itself, of labels and weights."""


@dataclass(frozen=True)
class FunctionCall:
    """One call in training of a cross-entropy that is a function: it gives a value for each image
    or position, and the script makes one loss of them."""

    name: str
    labels: Any
    output: Any
    axis: int
    compute: Callable[[Any], Any]
    """The values, for these labels."""


class _Inside(threading.local):
    def __init__(self) -> None:
        self.losses = 0
        self.reached = True
        """A loss was changed since a model was last called."""


def change_losses(
    effect: Effect,
    patches: Patches,
    training: Training,
    *,
    objects: Callable[[LossCall], Any],
    functions: Callable[[FunctionCall], Any],
    missed: str,
) -> None:
    """From now on `objects` and `functions` say what a loss in training is.

    `missed` is what to say of an update that no loss has led to which could be changed: the script
    computes it by itself.
    """
    import keras
    from keras.src import backend
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    inside = _Inside()

    def loss_call(
        original: Any, loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        # A loss may be made of others.
        if inside.losses or not training.now(y_pred):
            return original(loss, y_true, y_pred, sample_weight)
        inside.reached = True
        inside.losses += 1
        try:
            return objects(
                LossCall(
                    loss,
                    y_true,
                    y_pred,
                    sample_weight,
                    lambda labels, weights: original(loss, labels, y_pred, weights),
                )
            )
        finally:
            inside.losses -= 1

    def function_call(original: Any, target: Any, output: Any, *args: Any, **kwargs: Any) -> Any:
        if inside.losses or not training.now(output):
            return original(target, output, *args, **kwargs)
        inside.reached = True
        inside.losses += 1
        axis = args[1] if len(args) > 1 else kwargs.get("axis", -1)
        try:
            return functions(
                FunctionCall(
                    str(original.__name__),
                    target,
                    output,
                    int(axis),
                    lambda labels: original(labels, output, *args, **kwargs),
                )
            )
        finally:
            inside.losses -= 1

    def model_call(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        # A pass of snellen's own is no step.
        if not OWN.passes:
            inside.reached = False
        return original(model, *args, **kwargs)

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if not inside.reached:
            effect.cannot(missed)
        return original(optimizer, *args, **kwargs)

    patches.around(keras.losses.Loss, "__call__", loss_call)
    for name in FUNCTIONS:
        patches.around(backend.nn, name, function_call)
    patches.around(keras.Model, "__call__", model_call)
    patches.around(Layer, "stateless_call", model_call)
    patches.around(BaseOptimizer, "apply", apply)
