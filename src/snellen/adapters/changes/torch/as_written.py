"""Keeps PyTorch from running a model otherwise than it was written."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.utils import checkpoint

from snellen.adapters.changes.torch.functions import know_own_functions
from snellen.adapters.patches import Patches


def run_as_written(patches: Patches) -> None:
    """Compiled models run uncompiled: compiled code would hold the model without the change, or
    trace what makes it."""
    patches.hook(_Uncompiled(patches))


def keep_activations(patches: Patches) -> None:
    """Checkpoints keep their activations: made anew in the backward pass, they would be made
    outside of their model, and without the change. This takes more memory."""
    own = {
        name
        for name, parameter in inspect.signature(checkpoint.checkpoint).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }

    def without(original: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        del original
        return function(*args, **{k: v for k, v in kwargs.items() if k not in own})

    patches.around(checkpoint, "checkpoint", without)


class _Uncompiled:
    """Set when something is compiled first: the compiler takes seconds to import."""

    def __init__(self, patches: Patches) -> None:
        self._set = False
        self._patches = patches
        patches.around(torch, "compile", self._compile)

    def _compile(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        know_own_functions(self._patches)
        compiled = original(*args, **kwargs)
        if not self._set:
            self._set = True
            torch.compiler.set_stance("force_eager")
        return compiled

    def remove(self) -> None:
        if self._set:
            torch.compiler.set_stance("default")
