"""Nothing pulls the weights towards zero."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import sys
import threading
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.attributes import replaced
from snellen.adapters.changes.keras.training import only_shapes, recording
from snellen.adapters.keras import tensors
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches

_NOTHING = {
    "weight_decay": None,
    "adam_weight_decay": None,
    "l1_regularization_strength": 0.0,
    "l2_regularization_strength": 0.0,
    "l2_shrinkage_regularization_strength": 0.0,
}
"""Options of optimisers that pull weights to zero, and what turns them off."""

_TENSORFLOW = {
    "": ("square", "abs", "norm", "pow"),
    "math": ("square", "abs", "pow"),
    "linalg": ("norm",),
    "nn": ("l2_loss",),
}
_KERAS = {"numpy": ("square", "absolute", "abs", "power", "multiply"), "linalg": ("norm",)}


class _Depth(threading.local):
    def __init__(self) -> None:
        self.layers = 0
        """Calls of layers, and updates, under way."""


def arm(effect: Effect, patches: Patches) -> None:
    """Take away the optimisers' decay, the layers' penalties, and penalties by hand.

    An optimiser has its own options whenever it isn't updating. A layer's penalties are zeros in
    `losses`, in evaluations too, where they count into the loss that Keras reports. By hand: while
    gradients are taken outside any layer, squares, magnitudes and norms of a trainable variable
    are zeros, whether by `keras.ops`, by the operators of a Keras variable or by TensorFlow's
    functions.
    """
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    depth = _Depth()

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        pulls = [name for name in _NOTHING if getattr(optimizer, name, None)]
        if pulls:
            effect.did("updates, or functions traced, without the optimiser's decay")
        with replaced(optimizer, {name: _NOTHING[name] for name in pulls}):
            return within(original, optimizer, *args, **kwargs)

    def within(original: Any, *args: Any, **kwargs: Any) -> Any:
        depth.layers += 1
        try:
            return original(*args, **kwargs)
        finally:
            depth.layers -= 1

    def penalties(original: Any, layer: Any) -> Any:
        import keras

        del original
        found = [one for one in layer.trainable_weights if one.regularizer is not None]
        if found and not OWN.passes and not only_shapes():
            effect.did("penalties of layers' weights left out of the loss", len(found))
        # As many as there were: a script may add them up in a way that needs one at least.
        return [keras.ops.zeros((), one.dtype) for one in found]

    def by_hand(original: Any, *args: Any, **kwargs: Any) -> Any:
        variable = args[0] if args else next(iter(kwargs.values()), None)
        if depth.layers or OWN.passes or not _is_weight(variable) or only_shapes():
            return original(*args, **kwargs)
        value = within(original, *args, **kwargs)
        if not _shrinks(str(original.__name__), args) or not recording(value):
            return value
        effect.did("penalties on weights by hand, or traces of them, left out")
        return _zeros(value)

    patches.around(BaseOptimizer, "apply", apply)
    patches.around(Layer, "_get_regularization_losses", penalties)
    patches.around(Layer, "__call__", within)
    patches.around(Layer, "stateless_call", within)
    for owner, name in _functions():
        patches.around(owner, name, by_hand)
    if tensors.backend_name() == "jax":
        _say_for_loops_on_jax(effect, patches)


def _functions() -> list[tuple[Any, str]]:
    """What squares, magnitudes and norms are computed by."""
    from keras.src import backend

    found = [
        (getattr(backend, module), name)
        for module, names in _KERAS.items()
        for name in names
        if hasattr(getattr(backend, module), name)
    ]
    found.append(
        (next(one for one in backend.Variable.__mro__ if "__abs__" in vars(one)), "__abs__")
    )
    if tensors.backend_name() == "tensorflow":
        tensorflow: Any = sys.modules["tensorflow"]
        for module, names in _TENSORFLOW.items():
            owner = getattr(tensorflow, module) if module else tensorflow
            found += [(owner, name) for name in names]
        # What AutoGraph makes of the built-in `abs`.
        found.append((sys.modules["tensorflow.python.ops.math_ops"], "abs"))
    return found


def _is_weight(value: Any) -> bool:
    """A variable that training changes: of Keras, or the backend's own behind it."""
    import keras

    if isinstance(value, keras.Variable):
        return bool(value.trainable)
    if tensors.backend_name() == "tensorflow":
        import tensorflow as tf

        return isinstance(value, tf.Variable) and bool(value.trainable)
    if tensors.backend_name() == "torch":
        import torch

        return isinstance(value, torch.nn.Parameter) and value.requires_grad
    return False


def _shrinks(name: str, args: Any) -> bool:
    """Whether this function of a weight is least where the weight is zero."""
    if name == "multiply":
        return len(args) == 2 and _behind(args[0]) is _behind(args[1])
    if name in ("power", "pow"):
        return len(args) == 2 and isinstance(args[1], int | float) and args[1] % 2 == 0
    return True


def _behind(variable: Any) -> Any:
    import keras

    return variable.value if isinstance(variable, keras.Variable) else variable


def _zeros(value: Any) -> Any:
    import keras

    return keras.ops.zeros_like(keras.ops.stop_gradient(value))


def _say_for_loops_on_jax(effect: Effect, patches: Patches) -> None:
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    from snellen.adapters.changes.keras.training import Training

    training = Training(patches)

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if not training.fitting:
            effect.cannot(
                "penalties that a loop on JAX adds by hand are not told from other arrays"
            )
        return original(optimizer, *args, **kwargs)

    patches.around(BaseOptimizer, "apply", apply)
