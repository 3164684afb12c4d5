"""The loss counts each class with a weight of its own."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.changes.keras.training_losses import FunctionCall, LossCall, change_losses
from snellen.adapters.keras.losses import kind_of
from snellen.adapters.patches import Patches

_LABELS = {
    "sparse_categorical_crossentropy": "integers",
    "categorical_crossentropy": "one-hot",
    "binary_crossentropy": "indicators",
}
_MEANS = ("sum_over_batch_size", "mean")


def arm(effect: Effect, patches: Patches, *, weights: Sequence[float]) -> None:
    """Weigh the images, or the positions of a segmentation, by their class in each training loss.

    The script's own weights are multiplied with. A loss that is a mean is divided by the sum of
    these weights; where it is a sum, or the script itself makes one of the values, it is not, as
    PyTorch has it. Evaluations are left alone.
    """
    table = np.asarray(weights, np.float32)

    def objects(call: LossCall) -> Any:
        kind = kind_of(call.loss)
        options = dict(getattr(call.loss, "_fn_kwargs", None) or {})
        labels = kind.facts.get("labels")
        if labels == "values" or labels == "probabilities":
            return call.compute(call.labels, call.weights)
        found = _weights(effect, table, labels, call.labels, call.output, options)
        if found is None:
            return call.compute(call.labels, call.weights)
        effect.did("losses, or traces of them, with classes weighted")
        weighted = found.balanced() if call.loss.reduction in _MEANS else found.weights
        return call.compute(call.labels, _times(weighted, call.weights))

    def functions(call: FunctionCall) -> Any:
        values = call.compute(call.labels)
        options = {"axis": call.axis}
        found = _weights(effect, table, _LABELS[call.name], call.labels, call.output, options)
        if found is None:
            return values
        effect.did("losses, or traces of them, with classes weighted")
        return _times(found.weights, values)

    change_losses(
        effect,
        patches,
        Training(patches),
        objects=objects,
        functions=functions,
        missed="a loss that is none of Keras' is not weighted by class",
    )


@dataclass(frozen=True)
class _Weights:
    """The weights of images or positions, and which of them the loss counts."""

    weights: Any
    counted: Any

    def balanced(self) -> Any:
        """Weights of mean 1 over what is counted: a mean of losses is then divided by their sum."""
        import keras

        ops: Any = keras.ops

        counted = ops.sum(ops.cast(self.counted, self.weights.dtype))
        return self.weights * ops.divide_no_nan(counted, ops.sum(self.weights))


def _weights(
    effect: Effect, table: Any, labels: Any, y_true: Any, y_pred: Any, options: Any
) -> _Weights | None:
    """`None` where these are not labels of one of as many classes as there are weights."""
    import keras

    ops: Any = keras.ops

    if labels is None or not hasattr(y_pred, "shape"):
        effect.cannot("a loss that is none of Keras' is not weighted by class")
        return None
    axis = int(options.get("axis", -1))
    y_true = ops.convert_to_tensor(y_true)
    classes = y_pred.shape[axis] if len(y_pred.shape) > 1 else 1
    expected = 1 if labels == "indicators" else len(table)
    if classes != expected or (labels == "indicators" and len(table) != 2):
        effect.cannot(f"a loss of {classes} outputs is not weighted by {len(table)} classes")
        return None
    if labels == "one-hot":
        hot = ops.cast(ops.moveaxis(y_true, axis, -1), "float32")
        weights = ops.sum(hot * table, axis=-1)
        return _Weights(weights, ops.ones_like(weights))
    if len(y_true.shape) > 1 and y_true.shape[axis] == 1 and len(y_true.shape) == len(y_pred.shape):
        # The axis that the loss takes away.
        y_true = ops.squeeze(y_true, axis)
    index = ops.cast(y_true, "int32")
    counted = ops.logical_and(index >= 0, index < len(table))
    if (ignored := options.get("ignore_class")) is not None:
        counted = ops.logical_and(counted, ops.not_equal(index, int(ignored)))
    weights = ops.take(table, ops.clip(index, 0, len(table) - 1))
    return _Weights(ops.where(counted, weights, ops.zeros_like(weights)), counted)


def _times(weights: Any, others: Any) -> Any:
    """The product with the script's weights of the images, or with values of the loss."""
    import keras

    ops: Any = keras.ops

    if others is None:
        return weights
    others = ops.convert_to_tensor(others)
    weights = ops.cast(weights, others.dtype)
    while len(others.shape) < len(weights.shape):
        others = ops.expand_dims(others, -1)
    while len(weights.shape) < len(others.shape):
        weights = ops.expand_dims(weights, -1)
    return weights * others
