"""In which mode a script's own loop runs its model, and whether it clears its gradients."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import inspect
import weakref
from dataclasses import dataclass, field
from typing import Any

from snellen.adapters.keras import tensors


@dataclass
class Passes:
    """Forward passes by a loop of the script's own, of which the mode was seen."""

    training: int = 0
    training_in_eval_mode: int = 0
    evaluation: int = 0
    evaluation_in_training_mode: int = 0

    def count(self, *, training_mode: bool | None, updates: bool, times: int = 1) -> None:
        """Count passes that lead to an update, or that are made without gradients."""
        if training_mode is None:
            return
        if updates:
            self.training += times
            self.training_in_eval_mode += 0 if training_mode else times
        else:
            self.evaluation += times
            self.evaluation_in_training_mode += times if training_mode else 0

    def facts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        if self.training:
            found["training_passes"] = self.training
            found["training_passes_in_eval_mode"] = self.training_in_eval_mode
        if self.evaluation:
            found["evaluation_passes"] = self.evaluation
            found["evaluation_passes_in_training_mode"] = self.evaluation_in_training_mode
        return found


def training_mode(model: Any, args: Any, kwargs: Any) -> bool | None:
    """Whether a call by the script runs the model in training mode; `None` where that is decided
    by a tensor."""
    given = kwargs.get("training")
    parameter = model._call_signature.parameters.get("training")
    if given is None and parameter is not None:
        names = list(model._call_signature.parameters)
        place = names.index("training")
        given = args[place] if len(args) > place else None
        if given is None and parameter.default is not inspect.Parameter.empty:
            given = parameter.default
    if given is None:
        return False
    return bool(given) if isinstance(given, bool | int) else None


def takes_gradients(output: Any) -> bool | None:
    """Whether gradients can be taken of what a model has just given; `None`: not known."""
    name = tensors.backend_name()
    if name == "torch":
        return bool(getattr(output, "requires_grad", False))
    if name == "tensorflow":
        from tensorflow.python.eager import record

        return bool(record.could_possibly_record())
    return None


@dataclass
class Leftovers:
    """Whether a loop with torch's `backward` begins with gradients that the update before used.

    A gradient that is still the same tensor, unwritten since the update, is left over: cleared
    ones are gone, or were overwritten.
    """

    steps: int = 0
    kept: int = 0
    _pending: tuple[weakref.ref[Any], weakref.ref[Any], int] | None = field(default=None)

    def updated(self, parameters: Any) -> None:
        """An update has used the gradients that these parameters hold."""
        for parameter in parameters:
            gradient = getattr(parameter, "grad", None)
            if gradient is not None:
                self._pending = weakref.ref(parameter), weakref.ref(gradient), gradient._version
                return

    def backward(self) -> None:
        """A backward pass begins: only the first one after an update is looked at."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        parameter, gradient, version = pending[0](), pending[1](), pending[2]
        if parameter is None:
            return
        self.steps += 1
        own = parameter.grad
        self.kept += own is not None and own is gradient and own._version == version

    def facts(self) -> dict[str, int]:
        return {"gradient_steps": self.steps, "gradients_kept": self.kept} if self.steps else {}
