"""A batch normalisation stands behind each convolution that has none."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateUsage=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import weakref
from contextlib import AbstractContextManager
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import outermost, pre_activation
from snellen.adapters.keras import tensors
from snellen.adapters.keras.wiring import Wiring
from snellen.adapters.patches import Patches

MOMENTUM = 0.9
"""Of the running statistics: Keras's own 0.99 would not settle within a short training."""

EPSILON = 1e-5
"""As PyTorch has it: Keras's own 1e-3 would leave maps of a small spread nearly as they are."""


def arm(effect: Effect, patches: Patches) -> None:
    """Normalise what a convolution gives, before its own activation.

    The running statistics stay outside what the layer and the model track: the script's weights,
    and what it saves, are those it would have had. That a script sets or loads weights later is
    therefore told as a limit: the statistics stay those of the weights before. On JAX a training
    step keeps nothing but what the model tracks, so that nothing is normalised there.
    """
    import keras

    norms: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    kept: weakref.WeakSet[Any] = weakref.WeakSet()

    def planned(model: Any, wiring: Wiring, inputs: Any) -> None:
        del inputs
        found: list[Any] = []
        for layer, nodes in pre_activation.convolutions(wiring).items():
            if any(wiring.ends(node) or wiring.normalised(node) for node in nodes):
                kept.add(layer)
            elif layer not in kept and layer not in norms:
                found.append((layer, nodes[0].given))
        if found and tensors.backend_name() == "jax":
            effect.cannot(
                "on JAX no normalisation is inserted: a training step there can't carry its "
                "running statistics"
            )
        elif found and not model._call_has_training_arg:
            effect.cannot(
                f"in {model.name} no normalisation is inserted: it would not learn when it is "
                "trained, since its `call` takes no `training`"
            )
        else:
            with _outside_graphs():
                for layer, shape in found:
                    norms[layer] = _norm_for(layer, shape)

    def change_of(layer: Any) -> pre_activation.Change | None:
        norm = norms.get(layer)
        if norm is None:
            return None

        def normalised(maps: Any, taken: Any) -> Any:
            del taken
            # Within the call of the convolution, whose mode this is.
            if layer._get_call_context().get_value("training"):
                effect.did("convolutions called, or traced, with a normalisation in training mode")
            return norm(maps)

        return normalised

    def loading(original: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
        if any(one in norms for one in layer._flatten_layers()):
            effect.cannot(
                "weights that the script sets or loads bring no statistics for the inserted "
                "normalisations, which keep those they have"
            )
        return original(layer, *args, **kwargs)

    outermost.patch(patches, effect, planned)
    pre_activation.patch(patches, effect, change_of)
    patches.around(keras.layers.Layer, "set_weights", loading)
    patches.around(keras.Model, "load_weights", loading)


def _norm_for(layer: Any, shape: tuple[Any, ...]) -> Any:
    import keras

    axis = 1 if layer.data_format == "channels_first" else -1
    norm = keras.layers.BatchNormalization(
        axis=axis,
        momentum=MOMENTUM,
        epsilon=EPSILON,
        center=False,
        scale=False,
        # A name of its own: one that Keras counts up would rename the script's layers.
        name=f"{layer.name}_inserted_normalisation",
        dtype=layer.dtype_policy,
    )
    norm.build(shape)
    return norm


def _outside_graphs() -> AbstractContextManager[Any]:
    """Inside the block variables are made that outlive the function being traced."""
    if tensors.backend_name() != "tensorflow":
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.init_scope()
