"""In each batch the images of the greatest loss do not count."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import math
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.batches import Batches
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.changes.keras.training_losses import FunctionCall, LossCall, change_losses
from snellen.adapters.patches import Patches

_MEANS = ("sum_over_batch_size", "mean")
_NO_NUMBER = "a step that the script compiles with JAX has no number to count and draw by"


def arm(
    effect: Effect, patches: Patches, *, share: float, after: int, random: bool, seed: int
) -> None:
    """Mask images in each training loss by weights of zero; a mean is then one of the others.

    Which ones is decided by the loss alone, without the script's own weights. Steps are batches,
    as the optimiser is called. With several losses each masks by its own.
    """
    batches = Batches(patches)

    def mask(values: Any, labels: Any, *, mean: bool) -> Any:
        """Weights `(images,)`; `None` where nothing can be masked."""
        import keras

        ops: Any = keras.ops

        if len(values.shape) == 0:
            effect.cannot("a loss without a value for each image")
            return None
        number = batches.number(labels)
        if number is None and (random or after):
            effect.cannot(_NO_NUMBER)
            return None
        images = ops.shape(values)[0]
        masked = _rounded_down(share, images)
        if isinstance(masked, int) and masked < 1:
            effect.cannot("a batch of which the share is less than one image")
            return None
        doubt = batches.uniform(seed, number, images) if random else _of_images(values)
        counts = ops.cast(_rank(doubt) >= masked, "float32")
        if mean:
            rest = ops.cast(ops.maximum(ops.subtract(images, masked), 1), "float32")
            counts = counts * (ops.cast(images, "float32") / rest)
        effect.did("losses, or traces of them, with images masked")
        if not after:
            return counts
        return ops.where(ops.greater_equal(number, after), counts, ops.ones_like(counts))

    def objects(call: LossCall) -> Any:
        import keras

        ops: Any = keras.ops

        values = _values(call)
        if values is None:
            effect.cannot("a loss without a value for each image")
            return call.compute(call.labels, call.weights)
        counts = mask(values, call.labels, mean=call.loss.reduction in _MEANS)
        if counts is None:
            return call.compute(call.labels, call.weights)
        counts = _as(counts, values)
        if call.weights is not None:
            own = ops.cast(ops.convert_to_tensor(call.weights), counts.dtype)
            while len(own.shape) < len(counts.shape):
                own = ops.expand_dims(own, -1)
            counts = counts * own
        return call.compute(call.labels, counts)

    def functions(call: FunctionCall) -> Any:
        values = call.compute(call.labels)
        counts = mask(values, call.labels, mean=True)
        return values if counts is None else values * _as(counts, values)

    change_losses(
        effect,
        patches,
        Training(patches),
        objects=objects,
        functions=functions,
        missed="images are not masked in a loss that is none of Keras'",
    )


def _values(call: LossCall) -> Any:
    """The loss of each image or position, before any reduction; `None` for several outputs."""
    import keras

    ops: Any = keras.ops

    if not hasattr(call.output, "shape") or not hasattr(call.labels, "shape"):
        return None
    dtype = call.loss.dtype
    output = ops.stop_gradient(ops.convert_to_tensor(call.output, dtype=dtype))
    return call.loss.call(ops.convert_to_tensor(call.labels, dtype=dtype), output)


def _rounded_down(share: float, images: Any) -> Any:
    if isinstance(images, int):
        # 0.29 of 100 are 29, whatever the digits after.
        return math.floor(share * images + 1e-9)
    import tensorflow as tf

    return tf.cast(tf.floor(share * tf.cast(images, tf.float64) + 1e-9), tf.int32)


def _of_images(values: Any) -> Any:
    """The mean loss of each image; what is no number counts as the greatest."""
    import keras

    ops: Any = keras.ops

    values = ops.stop_gradient(values)
    values = ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)
    return ops.where(ops.isnan(values), ops.full_like(values, math.inf), values)


def _rank(doubt: Any) -> Any:
    """0 for the greatest."""
    import keras

    ops: Any = keras.ops

    return ops.argsort(ops.argsort(-doubt))


def _as(counts: Any, values: Any) -> Any:
    """Weights of the images in the rank of the loss's values."""
    import keras

    ops: Any = keras.ops

    counts = ops.cast(counts, values.dtype)
    while len(counts.shape) < len(values.shape):
        counts = ops.expand_dims(counts, -1)
    return counts + ops.zeros_like(values)
