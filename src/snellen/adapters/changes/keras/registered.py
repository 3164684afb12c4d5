"""The optimiser updates every parameter of the model that asks for a gradient."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false, reportPrivateUsage=false
from __future__ import annotations

import threading
import weakref
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.training import Training, gradients_wanted
from snellen.adapters.keras import tensors
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches


class _Calls(threading.local):
    def __init__(self) -> None:
        self.models: list[Any] = []
        """Models being called, the innermost last."""
        self.layers: list[Any] = []
        """Layers that the outermost has called."""


def arm(effect: Effect, patches: Patches) -> None:
    """Make layers that a model calls without owning them its own, after the call that shows them.

    Their parameters are among the model's from then on, before `fit` builds its optimiser. What a
    loop does not give to its optimiser can't be added: nobody has taken its gradients.
    """
    import keras
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    calls = _Calls()
    training = Training(patches)
    passing: weakref.WeakSet[Any] = weakref.WeakSet()
    """Layers made while a model was called."""
    held: list[weakref.ref[Any]] = []
    """Variables that any optimiser was built for."""
    watched: list[weakref.ref[Any]] = []
    """Models called by a loop, for gradients, since an optimiser last updated."""
    updated: list[weakref.ref[Any]] = []
    """Models that an update of a loop followed from."""

    def model_call(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        if calls.models or OWN.passes:
            return original(model, *args, **kwargs)
        if not training.fitting and gradients_wanted():
            say_missing()
            if not any(reference() is model for reference in watched):
                watched.append(weakref.ref(model))
        calls.models.append(model)
        calls.layers.clear()
        try:
            return original(model, *args, **kwargs)
        finally:
            calls.models.pop()
            adopt(model)

    def stateless_call(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        return (
            model_call(original, model, *args, **kwargs)
            if isinstance(model, keras.Model)
            else original(model, *args, **kwargs)
        )

    def layer_call(original: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
        if calls.models:
            calls.layers.append(layer)
        return original(layer, *args, **kwargs)

    def begin(original: Any, layer: Any) -> None:
        original(layer)
        if calls.models:
            passing.add(layer)

    def adopt(model: Any) -> None:
        own = set(model._flatten_layers())
        for layer in calls.layers:
            if layer in own or not layer.trainable_variables:
                continue
            if layer in passing:
                effect.cannot("layers that are made during a call are other ones at the next")
            elif any(id(one) in known() for one in model.trainable_variables):
                effect.cannot("layers that are first met after the optimiser was built")
            else:
                _join(model, layer)
                effect.did("layers that their model did not own made its own")
                own.update(layer._flatten_layers())
        calls.layers.clear()

    def build(original: Any, optimizer: Any, variables: Any) -> Any:
        held.extend(weakref.ref(one) for one in variables)
        return original(optimizer, variables)

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(optimizer, *args, **kwargs)
        if not training.fitting:
            updated.extend(watched)
            watched.clear()
        return result

    def known() -> set[int]:
        return {id(one) for one in (reference() for reference in held) if one is not None}

    def say_missing() -> None:
        """Asked at the next call, when the optimisers of the last step are all built."""
        for model in (reference() for reference in updated):
            if model is not None and any(
                id(one) not in known() for one in model.trainable_variables
            ):
                effect.cannot(
                    "parameters that a loop does not give to its optimiser have no gradients"
                )
        updated.clear()

    patches.around(keras.Model, "__call__", model_call)
    patches.around(Layer, "stateless_call", stateless_call)
    patches.around(Layer, "__call__", layer_call)
    # Not `__init__`, whose signature Keras reads.
    patches.around(Layer, "_initialize_tracker", begin)
    patches.around(BaseOptimizer, "build", build)
    patches.around(BaseOptimizer, "apply", apply)


def _join(model: Any, layer: Any) -> None:
    """Past the lock that a built model has on its layers."""
    model._layers.append(layer)
    if tensors.backend_name() == "torch":
        model.add_module(f"adopted {layer.name}", layer)
        model._track_variables()
