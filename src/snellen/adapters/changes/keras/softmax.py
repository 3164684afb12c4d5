"""A loss that expects logits and is given probabilities treats them as what they are."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false, reportPrivateUsage=false
from __future__ import annotations

import importlib
import threading
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras.attributes import replaced
from snellen.adapters.changes.keras.living import Living
from snellen.adapters.changes.keras.training import only_shapes
from snellen.adapters.changes.keras.training_losses import FUNCTIONS
from snellen.adapters.keras import tensors
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches

_MAKERS = {
    "tensorflow": {"tensorflow": ("sigmoid",), "tensorflow._api.v2.nn": ("softmax", "sigmoid")},
    "jax": {"jax.nn": ("softmax", "sigmoid")},
    "torch": {
        "torch": ("softmax", "sigmoid"),
        "torch.nn.functional": ("softmax", "sigmoid"),
    },
}
"""What else than Keras itself makes probabilities, on each backend."""


class _Given(threading.local):
    def __init__(self) -> None:
        self.losses: list[bool] = []
        """Of each loss object being called: whether it was given probabilities."""


def arm(effect: Effect, patches: Patches) -> None:
    """Compute every loss from logits with `from_logits=False` where it is given probabilities.

    Evaluations report the loss so too. On TensorFlow Keras by itself goes back to what was before
    a softmax or sigmoid right before a cross-entropy, and only warns: there is nothing to change
    there. What lies between, a reshape for instance, hides the probabilities.
    """
    import keras
    from keras.src import backend
    from keras.src.losses.losses import LossFunctionWrapper

    probabilities = Living()
    given = _Given()

    def make(original: Any, *args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        probabilities.add(out)
        return out

    def loss_call(
        original: Any, loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        # Asked here, before Keras casts it.
        given.losses.append(y_pred in probabilities)
        try:
            return original(loss, y_true, y_pred, sample_weight)
        finally:
            given.losses.pop()

    def wrapped(original: Any, loss: Any, y_true: Any, y_pred: Any) -> Any:
        options = loss._fn_kwargs
        fed = given.losses and given.losses[-1] and options.get("from_logits") is True
        if not fed or not changes(str(getattr(loss.fn, "__name__", "")), y_pred):
            return original(loss, y_true, y_pred)
        with replaced(loss, {"_fn_kwargs": {**options, "from_logits": False}}):
            return original(loss, y_true, y_pred)

    def changes(name: str, output: Any) -> bool:
        """Whether there is something to change, and then it is said."""
        if name in FUNCTIONS and _unwrapped(name, output):
            effect.cannot("Keras on TensorFlow goes back to before the softmax by itself")
            return False
        if not OWN.passes and not only_shapes():
            effect.did("losses, or traces of them, with probabilities taken as such")
        return True

    def function(original: Any, target: Any, output: Any, *args: Any, **kwargs: Any) -> Any:
        logits = args[0] if args else kwargs.get("from_logits", False)
        if not logits or output not in probabilities or not changes(original.__name__, output):
            return original(target, output, *args, **kwargs)
        options = {name: value for name, value in kwargs.items() if name != "from_logits"}
        return original(target, output, False, *args[1:], **options)

    for name in ("softmax", "sigmoid"):
        patches.around(backend.nn, name, make)
    for place, names in _MAKERS[tensors.backend_name()].items():
        for name in names:
            patches.around(importlib.import_module(place), name, make)
    patches.around(keras.losses.Loss, "__call__", loss_call)
    patches.around(LossFunctionWrapper, "call", wrapped)
    for name in FUNCTIONS:
        patches.around(backend.nn, name, function)


def _unwrapped(name: str, output: Any) -> bool:
    """Whether Keras on TensorFlow finds what went into the softmax or sigmoid by itself."""
    if tensors.backend_name() != "tensorflow":
        return False
    kind = "Sigmoid" if name == "binary_crossentropy" else "Softmax"
    # Only tensors of a graph have an operation.
    made_by = getattr(output, "op", None) if tensors.is_symbolic(output) else None
    return hasattr(output, "_keras_logits") or getattr(made_by, "type", "") == kind
