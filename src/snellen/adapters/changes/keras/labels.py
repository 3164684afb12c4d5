"""Labels are dealt out anew within each training batch."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.batches import Batches
from snellen.adapters.changes.keras.training import Training
from snellen.adapters.changes.keras.training_losses import FunctionCall, LossCall, change_losses
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Give each training loss its labels in another order: all losses of a batch the same one.

    Metrics go on comparing with the true labels, and snellen hears the true ones, which are what
    the script trains on. The script's own weights of the images stay with the images.
    """
    batches = Batches(patches)

    def permuted(labels: Any) -> Any:
        number = batches.number(labels)
        if number is None:
            effect.cannot("a step that the script compiles with JAX has no number to draw by")
            return labels
        effect.did("losses, or traces of them, with the labels permuted")
        return tensors.mapped(lambda leaf: _dealt(batches, seed, number, leaf), labels)

    def objects(call: LossCall) -> Any:
        return call.compute(permuted(call.labels), call.weights)

    def functions(call: FunctionCall) -> Any:
        return call.compute(permuted(call.labels))

    change_losses(
        effect,
        patches,
        Training(patches),
        objects=objects,
        functions=functions,
        missed="the labels of a loss that is none of Keras' are not permuted",
    )


def _dealt(batches: Batches, seed: int, number: Any, labels: Any) -> Any:
    import keras

    ops: Any = keras.ops

    labels = ops.convert_to_tensor(labels)
    random = batches.uniform(seed, number, ops.shape(labels)[0])
    return ops.take(labels, ops.argsort(random), axis=0)
