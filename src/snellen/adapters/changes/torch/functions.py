"""Functions of PyTorch that are written in C, replaced for a while."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn
from torch.jit import _builtins  # pyright: ignore[reportPrivateImportUsage]

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Around, Patches

NN: Any = cast(Any, torch._C)._nn
"""What the functions of `torch.nn.functional` call, whoever else listens to those."""


def around_function(patches: Patches, owner: Any, name: str, around: Around) -> None:
    """Replace a function, or a method of `Tensor`, outside of compiled and scripted code.

    What `torch.compile` traces and what `torch.jit` compiles calls the function as it was.
    """

    def outside(original: Any, *args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():
            return original(*args, **kwargs)
        return around(original, *args, **kwargs)

    operator: Any = _builtins._find_builtin(getattr(owner, name))
    patches.around(owner, name, outside)
    if operator is not None:
        # TorchScript knows its functions by identity.
        _builtins._register_builtin(getattr(owner, name), operator)


def script_as_written(patches: Patches) -> None:
    """`torch.jit.script` compiles the functions that a script calls from their source: those of
    PyTorch itself, and not what stands in for them."""

    def scripting(original: Any, *args: Any, **kwargs: Any) -> Any:
        with patches.suspended():
            return original(*args, **kwargs)

    patches.around(torch.jit, "script", scripting)


def know_own_functions(patches: Patches) -> None:
    """Let the compiler list PyTorch's functions, by which it knows them: it does so once, when it
    first compiles, and would list what stands in for them."""
    from torch._dynamo import trace_rules

    with patches.suspended():
        trace_rules.get_torch_obj_rule_map()


def say_what_is_compiled(effect: Effect, patches: Patches) -> None:
    """Functions that the script compiles, a whole step for instance, are not changed: say so."""

    def compiling(original: Any, model: Any = None, *args: Any, **kwargs: Any) -> Any:
        if model is not None and not isinstance(model, nn.Module):
            effect.cannot("what is computed inside a compiled function stays as it is")
        know_own_functions(patches)
        return original(model, *args, **kwargs)

    patches.around(torch, "compile", compiling)
