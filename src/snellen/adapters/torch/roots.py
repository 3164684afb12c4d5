"""Hears every call of the models that are watched, and of no other module."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Heard = Callable[[nn.Module, tuple[Any, ...], dict[str, Any], Any], None]


class RootEars:
    """Replaces `__call__` on the classes of watched models.

    Hooks on all modules would cost every step a few microseconds a module; a hook on the model
    itself would go into its copies.
    """

    def __init__(self, hear: Heard) -> None:
        """`hear(module, args, kwargs, output)` comes after each outermost call of a known model."""
        self._hear = hear
        self._known: dict[int, type] = {}
        self._undo: dict[type, Callable[[], None]] = {}
        self.depth = 0
        """Calls of known models under way, one inside another."""

    def watch(self, *modules: nn.Module) -> None:
        for module in modules:
            kind = type(module)
            if isinstance(module, torch.jit.ScriptModule):
                continue
            self._known[id(module)] = kind
            if kind not in self._undo:
                self._patch(kind)

    def release(self, *modules: nn.Module) -> None:
        for module in modules:
            kind = self._known.pop(id(module), None)
            if kind is not None and kind not in self._known.values():
                self._undo.pop(kind)()

    def close(self) -> None:
        self._known.clear()
        self.depth = 0
        while self._undo:
            self._undo.popitem()[1]()

    def _patch(self, kind: type) -> None:
        own: Any = kind.__dict__.get("__call__")

        @functools.wraps(own or nn.Module.__call__)
        def calling(this: Any, *args: Any, **kwargs: Any) -> Any:
            # What stands above in the class's own order is looked up anew: others replace it too.
            above: Any = super(kind, this)
            call: Any = functools.partial(own, this) if own else above.__call__
            # A class of its own may be below this one: then that one tells.
            if torch.compiler.is_compiling() or self._known.get(id(this)) is not kind:
                return call(*args, **kwargs)
            self.depth += 1
            try:
                output = call(*args, **kwargs)
            finally:
                self.depth -= 1
            if self.depth <= 0:
                self.depth = 0
                self._hear(this, args, kwargs, output)
            return output

        kind.__call__ = calling  # pyright: ignore[reportAttributeAccessIssue]

        def undo() -> None:
            if kind.__dict__.get("__call__") is not calling:
                return
            if own is None:
                del kind.__call__
            else:
                kind.__call__ = own  # pyright: ignore[reportAttributeAccessIssue]

        self._undo[kind] = undo
