"""Follows the calls of models, to act inside of the outermost ones."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Patches

Inside = Callable[..., Any]
"""`inside(forward, *args, **kwargs)` stands in for `forward(*args, **kwargs)`."""

Before = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], Inside | None]

SPREADING = (nn.DataParallel, nn.parallel.DistributedDataParallel)
"""Wrappers that spread batches: what is inside of them is the model."""


@dataclass
class Call:
    """A module's call under way."""

    module: nn.Module
    number: int
    """Which call of this module it is in the pass, from 1."""
    functions: Counter[str] = field(default_factory=Counter[str])
    """Functions called in it so far, by name; kept by whoever needs it."""


class Calls(threading.local):
    """Calls under way in this thread, outermost first."""

    def __init__(self) -> None:
        self.stack: list[Call] = []
        self.numbers: Counter[int] = Counter()
        """Of each module in this pass, by id."""


def around_models(effect: Effect, patches: Patches, before: Before) -> Calls:
    """`before(module, args, kwargs)` comes before each outermost call of a module, and gives what
    stands in for its `forward` in this call, if anything.

    That acts inside of all hooks, so that whoever hears of the call hears of what the script gave:
    snellen's watcher calls the model again with it, and this acts again, once. Not counted are
    wrappers that spread batches, TorchScript, and calls inside a backward pass, which repeat a part
    of a pass.
    """
    calls = Calls()

    def calling(original: Any, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if isinstance(module, SPREADING):
            return original(module, *args, **kwargs)
        if isinstance(module, torch.jit.ScriptModule) and learns(module):
            effect.cannot("what TorchScript has compiled stays as it is")
        inside: Inside | None = None
        if not calls.stack:
            calls.numbers.clear()
            if _may_be_model(module):
                inside = before(module, args, kwargs)
                calls.numbers.clear()
        calls.numbers[id(module)] += 1
        calls.stack.append(Call(module, calls.numbers[id(module)]))
        try:
            if inside is None:
                return original(module, *args, **kwargs)
            with _standing_in(module, inside):
                return original(module, *args, **kwargs)
        finally:
            calls.stack.pop()

    patches.around(nn.Module, "__call__", calling)
    return calls


def learns(module: nn.Module) -> bool:
    """It has weights, if only frozen ones: it is a model or a part of one, and no loss."""
    return next(module.parameters(), None) is not None


def _may_be_model(module: nn.Module) -> bool:
    repeated = torch._C._current_graph_task_id() != -1  # pyright: ignore[reportPrivateImportUsage]
    scripted = isinstance(module, torch.jit.ScriptModule)
    return not (repeated or scripted or _is_keras(type(module)))


@functools.cache
def _is_keras(kind: type) -> bool:
    """A Keras layer on the torch backend: Keras's own changes are for it."""
    return any(cls.__module__.partition(".")[0] == "keras" for cls in kind.__mro__)


@contextmanager
def _standing_in(module: nn.Module, inside: Inside) -> Generator[None]:
    """The attribute is gone again when the forward begins: it sees itself as it is."""
    attributes = module.__dict__
    own = attributes.get("forward")
    forward: Any = module.forward

    def restore() -> None:
        if attributes.get("forward") is not once:
            return
        if own is None:
            del attributes["forward"]
        else:
            attributes["forward"] = own

    def once(*args: Any, **kwargs: Any) -> Any:
        restore()
        return inside(forward, *args, **kwargs)

    attributes["forward"] = once
    try:
        yield
    finally:
        restore()
