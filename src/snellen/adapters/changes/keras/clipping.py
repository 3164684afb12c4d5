"""The norm of all gradients together is limited at each update."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false, reportUnknownLambdaType=false
from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.living import Living
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches

_OPTIONS = ("clipnorm", "global_clipnorm", "clipvalue")
_BY_HAND = ("clip_by_global_norm", "clip_by_norm", "clip_by_value")


class _Inside(threading.local):
    def __init__(self) -> None:
        self.several = 0
        """Updates of a `MultiOptimizer` under way."""
        self.updates = 0


def arm(effect: Effect, patches: Patches, *, norm: float | None) -> None:
    """Replace an optimiser's clipping, and on TensorFlow take away what a loop does by hand.

    By hand: TensorFlow's `clip_by_…` and `keras.ops.clip` of what a `GradientTape` has given.
    """
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.optimizers.multi_optimizer import MultiOptimizer

    inside = _Inside()
    limit = _limiting()

    def clip(original: Any, optimizer: Any, grads: Any) -> Any:
        if inside.several:
            return original(optimizer, grads)
        if norm is not None:
            effect.did("updates, or functions traced, with the gradients' norm clipped")
            return limit(grads, norm)
        if any(getattr(optimizer, name, None) for name in _OPTIONS):
            effect.did("updates, or functions traced, without the optimiser's clipping")
        return grads

    def several(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        effect.cannot("each optimiser in a MultiOptimizer sees its own gradients alone")
        inside.several += 1
        try:
            return original(optimizer, *args, **kwargs)
        finally:
            inside.several -= 1

    patches.around(BaseOptimizer, "_clip_gradients", clip)
    patches.around(MultiOptimizer, "apply", several)
    if tensors.backend_name() == "tensorflow":
        _take_away_by_hand(effect, patches, inside)
    if tensors.backend_name() == "jax":
        _say_for_loops_on_jax(effect, patches)


def _limiting() -> Callable[[Any, float], Any]:
    """Keras' own, and TensorFlow's where gradients may be sparse; fetched before it is patched."""
    if tensors.backend_name() == "tensorflow":
        import tensorflow as tf

        by_global_norm: Any = tf.clip_by_global_norm
        return lambda grads, norm: by_global_norm(grads, norm)[0]
    from keras.src.optimizers.base_optimizer import clip_by_global_norm

    return clip_by_global_norm


def _take_away_by_hand(effect: Effect, patches: Patches, inside: _Inside) -> None:
    tensorflow: Any = sys.modules["tensorflow"]
    gradients = Living()

    def gradient(original: Any, tape: Any, *args: Any, **kwargs: Any) -> Any:
        found = original(tape, *args, **kwargs)
        for one in tensors.leaves(found):
            gradients.add(one)
        return found

    def around(original: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        several = isinstance(value, list | tuple)
        known = [one for one in (value if several else [value]) if one is not None]
        if inside.updates or not known or not all(one in gradients for one in known):
            return original(value, *args, **kwargs)
        effect.did("clippings by hand, or traces of them, taken away")
        if not several:
            return value
        # With the list comes its norm.
        return list(value), tensorflow.linalg.global_norm(value)

    def update(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        inside.updates += 1
        try:
            return original(optimizer, *args, **kwargs)
        finally:
            inside.updates -= 1

    from keras.src.optimizers.base_optimizer import BaseOptimizer

    patches.around(tensorflow.GradientTape, "gradient", gradient)
    patches.around(BaseOptimizer, "apply", update)
    for name in _BY_HAND:
        patches.around(tensorflow, name, around)


def _say_for_loops_on_jax(effect: Effect, patches: Patches) -> None:
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    training = Training(patches)

    def apply(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if not training.fitting:
            effect.cannot("a loop on JAX may clip gradients by hand: that is left as it is")
        return original(optimizer, *args, **kwargs)

    patches.around(BaseOptimizer, "apply", apply)
