"""Convolutions and dense layers begin with He's normal weights."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import contextlib
import math
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.training import gradients_wanted, only_shapes
from snellen.adapters.keras import tensors
from snellen.adapters.keras.loading import Loading
from snellen.adapters.keras.roles import Role, role_of
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.keras.weights import facts_of, kernel_variable
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Begin anew when a training begins: `fit`, the first call of a model under a tape (on torch:
    with gradients enabled), or the building of the optimiser, whichever comes first.

    A loop that calls only parts of a model before its optimiser is built makes its first step from
    gradients at the script's own weights.
    """
    import keras
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    beginning = _Beginning(effect, seed)
    beginning.loading.patch(patches)

    def born(original: Any, layer: Any) -> None:
        original(layer)
        beginning.born.add(layer)

    def fit(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        beginning.of(model)
        return original(model, *args, **kwargs)

    calls: list[Any] = []

    def call(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        if not (calls or OWN.passes or only_shapes()) and gradients_wanted():
            beginning.of(model)
        calls.append(model)
        try:
            return original(model, *args, **kwargs)
        finally:
            calls.pop()

    def build(original: Any, optimizer: Any, variables: Any) -> Any:
        given = {id(variable) for variable in variables}
        for model in beginning.owners(given):
            beginning.of(model)
        return original(optimizer, variables)

    trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
    # Not `__init__`, whose signature Keras reads.
    patches.around(Layer, "_initialize_tracker", born)
    patches.around(trainer, "fit", fit)
    patches.around(trainer, "train_on_batch", fit)
    patches.around(keras.Model, "__call__", call)
    patches.around(BaseOptimizer, "build", build)


class _Beginning:
    """Layers that are to begin anew, each once."""

    def __init__(self, effect: Effect, seed: int) -> None:
        self.loading = Loading(lambda name, function, *args: function(*args))
        self.born: weakref.WeakSet[Any] = weakref.WeakSet()
        self._begun: weakref.WeakSet[Any] = weakref.WeakSet()
        self._effect = effect
        self._random = np.random.default_rng(seed)

    def owners(self, given: set[int]) -> list[Any]:
        """The outermost layers that hold any of these variables."""
        holding = {
            layer: {id(one) for one in layer.variables}
            for layer in list(self.born)
            if any(id(one) in given for one in layer.variables)
        }
        return [
            layer
            for layer, own in holding.items()
            if not any(
                own < others
                or (own == others and layer in other._flatten_layers(include_self=False))
                for other, others in holding.items()
                if other is not layer
            )
        ]

    def of(self, model: Any) -> None:
        """Begin anew with a model's layers, the first time."""
        layers = [one for one in model._flatten_layers() if one not in self._begun and one.built]
        if not layers:
            return
        self._begun.update(layers)
        if self.loading.loaded(model):
            self._effect.cannot("a model whose weights were loaded keeps them")
            return
        for layer in layers:
            values = self._values(layer)
            if values:
                self._effect.did("layers that began with other weights")
            for variable, value in values:
                _assign(variable, value)

    def _values(self, layer: Any) -> list[tuple[Any, Any]]:
        """A layer's own variables that are to begin anew, each with its first value."""
        role = role_of(layer)
        found: list[tuple[Any, Any]] = []
        if role is Role.WEIGHTS:
            shape = facts_of(layer).get("weight_shape")
            kernel = kernel_variable(layer)
            if shape is not None and _is_free(kernel):
                found.append((kernel, self._normal(kernel, math.prod(shape[1:]))))
            depthwise = getattr(layer, "depthwise_kernel", None)
            if depthwise is not None and depthwise is not kernel and _is_free(depthwise):
                taps = math.prod(depthwise.shape[:-2])
                found.append((depthwise, self._normal(depthwise, taps)))
            found += [(one, np.zeros(one.shape)) for one in _free(layer, ("bias",))]
        elif role is Role.NORM:
            found += [(one, np.ones(one.shape)) for one in _free(layer, ("gamma", "scale"))]
            found += [(one, np.zeros(one.shape)) for one in _free(layer, ("beta",))]
        return found

    def _normal(self, variable: Any, inputs: int) -> Any:
        return self._random.normal(0.0, math.sqrt(2.0 / inputs), tuple(variable.shape))


def _free(layer: Any, names: Iterable[str]) -> list[Any]:
    found = [getattr(layer, name, None) for name in names]
    return [one for one in found if one is not None and _is_free(one)]


def _is_free(variable: Any) -> bool:
    """A variable, that the script has not frozen."""
    import keras

    return isinstance(variable, keras.Variable) and bool(variable.trainable)


def _assign(variable: Any, value: Any) -> None:
    with contextlib.ExitStack() as stack:
        if tensors.backend_name() == "tensorflow":
            import tensorflow as tf

            # Now, and not whenever the function runs that is being traced.
            stack.enter_context(tf.init_scope())
        variable.assign(value.astype(np.float32))
