"""Calls of whole models, as they begin."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from snellen.adapters.patches import Patches
from snellen.adapters.torch.forwards import is_keras
from snellen.adapters.torch.inputs import images_in
from snellen.adapters.torch.undisturbed import asking

Called = Callable[[nn.Module, int], None]
"""Of the model and how many images it is called on (0: not known)."""


def on_root_calls(patches: Patches, called: Called) -> None:
    """`called(module, images)` comes before each call under gradients of a module that has
    parameters and is not called by another one.

    Replaces `__call__`: hooks on all modules would be traced into compiled models.
    """
    inside = threading.local()

    def calling(original: Any, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling() or getattr(inside, "depth", 0):
            return original(module, *args, **kwargs)
        if not torch.is_grad_enabled() or not _may_be_root(module):
            return original(module, *args, **kwargs)
        inside.depth = 1
        try:
            called(module, images_in((args, kwargs)))
            return original(module, *args, **kwargs)
        finally:
            inside.depth = 0

    patches.around(nn.Module, "__call__", calling)


def _may_be_root(module: nn.Module) -> bool:
    # A checkpoint calls modules again inside the backward pass; a trace is no training; parallel
    # copies of a model are not the model.
    recomputed = torch._C._current_graph_task_id() != -1
    if recomputed or asking() or torch.jit.is_tracing() or is_keras(module):  # pyright: ignore[reportPrivateImportUsage]
        return False
    if getattr(module, "_is_replica", False):
        return False
    return next(module.parameters(), None) is not None
