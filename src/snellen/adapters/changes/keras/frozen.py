"""Parameters that the script has frozen are trained like the others."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportPrivateUsage=false
from __future__ import annotations

import weakref
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Let nothing be frozen: `trainable = False` on layers and variables, and the argument of
    layers, are heard as `True`, and that is what reading them gives.

    So the optimiser is built with these parameters, wherever the script gives it the model's
    `trainable_variables`. A batch normalisation that was frozen normalises by the batch in training
    again. Moving averages, seeds and other state that never was to be trained stay as they are.
    """
    import keras
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    training = Training(patches)
    layers: weakref.WeakSet[Any] = weakref.WeakSet()
    variables: list[weakref.ref[Any]] = []

    def set_attribute(original: Any, layer: Any, name: str, value: Any) -> None:
        # The second is what a layer's argument becomes.
        if name in ("trainable", "_trainable") and not value:
            layers.add(layer)
            value = True
        original(layer, name, value)

    def freezes(variable: Any) -> None:
        variables.append(weakref.ref(variable))

    def build(original: Any, optimizer: Any, given: Any) -> Any:
        freed = {id(one): one for layer in layers for one in layer.trainable_variables}
        freed |= {
            id(one): one for one in (reference() for reference in variables) if one is not None
        }
        joined = freed.keys() & {id(one) for one in given}
        if joined:
            effect.did("parameters that the script had frozen given to an optimiser", len(joined))
        elif freed and not training.fitting:
            effect.cannot(
                "a loop that gives its optimiser other parameters than the frozen ones, which "
                "have no gradients there"
            )
        return original(optimizer, given)

    patches.around(Layer, "__setattr__", set_attribute)
    patches.around(BaseOptimizer, "build", build)
    owner = next(one for one in keras.Variable.__mro__ if "trainable" in vars(one))
    patches.hook(_Unfreezable(owner, freezes))


class _Unfreezable:
    """The property `trainable` of variables, which can't be switched off while this is in place."""

    def __init__(self, owner: Any, freezes: Any) -> None:
        self._owner, self._own = owner, vars(owner)["trainable"]

        def set_trainable(variable: Any, value: Any) -> None:
            if not value and variable.trainable:
                freezes(variable)
                return
            self._own.fset(variable, value)

        owner.trainable = property(self._own.fget, set_trainable, doc=self._own.__doc__)

    def remove(self) -> None:
        self._owner.trainable = self._own
