"""Whether what Keras computes right now belongs to a training step."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import threading
from typing import Any

from snellen.adapters.keras import tensors
from snellen.adapters.keras.modes import takes_gradients
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches

_TRAINS = ("fit", "train_on_batch")
_TESTS = ("evaluate", "test_on_batch", "predict", "predict_on_batch")
_TRACERS = ("LinearizeTracer", "JVPTracer")
"""What JAX puts in the place of a value that it differentiates by."""


class _Phases(threading.local):
    """What this thread is inside of, the innermost last: `True` for a training."""

    def __init__(self) -> None:
        self.stack: list[bool] = []


class Training:
    """Patches the ways into and out of a training.

    The `training` argument of `compute_loss` is not asked: a `test_step` of the script's own mostly
    leaves it at its default, which is `True`.
    """

    def __init__(self, patches: Patches) -> None:
        import keras

        self._phases = _Phases()
        trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
        for names, trains in ((_TRAINS, True), (_TESTS, False)):
            for name in names:
                patches.around(trainer, name, self._within(trains))
        # A metric may be a loss's function.
        patches.around(keras.metrics.MeanMetricWrapper, "update_state", self._within(False))

    def _within(self, trains: bool) -> Any:
        def around(original: Any, *args: Any, **kwargs: Any) -> Any:
            stack = self._phases.stack
            stack.append(trains)
            try:
                return original(*args, **kwargs)
            finally:
                stack.pop()

        return around

    @property
    def fitting(self) -> bool:
        """Inside `fit` or `train_on_batch`, and in no evaluation within it."""
        return bool(self._phases.stack) and self._phases.stack[-1]

    def now(self, output: Any) -> bool:
        """Whether a loss of this output is computed for a training step.

        Outside `fit`: where gradients are being taken. Never in a pass of snellen's own, and not
        while Keras merely works out shapes.
        """
        if OWN.passes or only_shapes():
            return False
        return self.fitting if self._phases.stack else recording(output)


def only_shapes() -> bool:
    """Keras runs the code to find shapes or to make variables; nothing that it gives is used."""
    from keras.src.backend.common.symbolic_scope import in_symbolic_scope

    return bool(in_symbolic_scope())


def recording(output: Any) -> bool:
    """Whether gradients are taken of what is being computed now, of which this is an output."""
    leaves = tensors.leaves(output)
    if not leaves:
        return False
    if tensors.backend_name() == "jax":
        return any(type(leaf).__name__ in _TRACERS for leaf in leaves)
    return any(bool(takes_gradients(leaf)) for leaf in leaves)


def gradients_wanted() -> bool:
    """Whether gradients can be taken of a call made now: under a tape of TensorFlow, or on torch
    with gradients enabled. On JAX nothing but what is computed can tell."""
    name = tensors.backend_name()
    if name == "torch":
        import torch

        return torch.is_grad_enabled()
    return name == "tensorflow" and bool(takes_gradients(None))
