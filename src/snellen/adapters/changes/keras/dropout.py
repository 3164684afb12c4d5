"""Dropout's rate is scaled."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches


class _Thread(threading.local):
    inside = False
    """Within a dropout that is scaled already."""


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Scale the rate where Keras or its backend drops values: in layers, cells and functions.

    With a factor of 0 the random numbers are drawn as before and not used, so that all that the
    script draws besides stays what it was. `get_config` and the layers' own rates stay the
    script's. A compiled training function has the rate built in, so that it is counted once for
    each function traced.
    """
    from keras import layers
    from keras.src import backend

    thread = _Thread()

    def scaled(original: Callable[[float], Any], inputs: Any, rate: Any) -> Any:
        """`original(rate)` drops values of `inputs` at that rate."""
        thread.inside = True
        try:
            effect.did("dropouts, or functions traced with one, with the rate scaled")
            if factor:
                return original(rate * factor)
            original(rate)
            return inputs
        finally:
            thread.inside = False

    def function(rate_name: str, on: str | None = None) -> Callable[..., Any]:
        """For functions with their rate under this name, that drop only where `on` is true."""

        def around(original: Any, *args: Any, **kwargs: Any) -> Any:
            bound = inspect.signature(original).bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            idle = on is not None and not given[on]
            if thread.inside or idle or _is_zero(given[rate_name]):
                return original(*args, **kwargs)

            def call(rate: float) -> Any:
                given[rate_name] = rate
                return original(*bound.args, **bound.kwargs)

            return scaled(call, next(iter(given.values())), given[rate_name])

        return around

    def layer_call(original: Any, layer: Any, inputs: Any, training: Any = False) -> Any:
        own = layer.rate
        if not training or not own:
            return original(layer, inputs, training=training)

        def call(rate: float) -> Any:
            # Past `Layer.__setattr__`, which tracks what it is given.
            layer.__dict__["rate"] = rate
            try:
                return original(layer, inputs, training=training)
            finally:
                layer.__dict__["rate"] = own

        return scaled(call, inputs, own)

    # The other layers, recurrent cells and `keras.random.dropout` call this one.
    patches.around(backend.random, "dropout", function("rate"))
    for kind in (layers.AlphaDropout, layers.GaussianDropout):
        patches.around(kind, "call", layer_call)
    name = tensors.backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        nn: Any = tf.nn
        patches.around(nn, "dropout", function("rate"))
        for of_nn in ("stateless_dropout", "general_dropout"):
            patches.around(nn.experimental, of_nn, function("rate"))
    elif name == "torch":
        import torch.nn.functional as F

        for of_torch in _OF_TORCH:
            patches.around(F, of_torch, function("p", on="training"))


_OF_TORCH = (
    *("dropout", "dropout1d", "dropout2d", "dropout3d"),
    *("alpha_dropout", "feature_alpha_dropout"),
)


def _is_zero(rate: Any) -> bool:
    return isinstance(rate, int | float) and not rate
