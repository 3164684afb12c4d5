"""What `torch.compile` makes, seen from outside: our hooks must not be traced into compiled
code."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from snellen.adapters.torch.replacing import replaced


class CompileEars:
    """Tells of every model and function that is compiled, and of the calls of compiled models."""

    def __init__(
        self,
        enter: Callable[..., Any],
        stand_aside: Callable[[], None],
        called: Callable[[nn.Module, Any, Any], None],
        function: Callable[[Any], None],
        inside: Callable[[], bool],
    ) -> None:
        """`enter(name, function, *args)` crosses the boundary. `stand_aside()` comes before a
        model is compiled, `called(module, inputs, output)` after each of its calls,
        `function(f)` before a function is compiled. `inside()`: a look of our own is
        under way."""
        self._enter, self._stand_aside, self._called = enter, stand_aside, called
        self._function, self._inside = function, inside
        self._undo: list[Callable[[], None]] = []
        self._wrapped: weakref.WeakKeyDictionary[nn.Module, nn.Module] = weakref.WeakKeyDictionary()
        self._patched: set[type] = set()
        self._in_place = False
        self.patch(torch, "compile", self._telling_compile(torch.compile))
        self.patch(nn.Module, "compile", self._telling_module_compile(nn.Module.compile))

    def patch(self, owner: Any, name: str, replacement: Any) -> None:
        self._undo.append(replaced(owner, name, replacement))

    def close(self) -> None:
        while self._undo:
            self._undo.pop()()
        self._wrapped.clear()

    def watch(self, compiled: nn.Module, module: nn.Module) -> None:
        """`compiled` is the wrapper around `module`: its calls are seen outside the compiled code.

        On the wrapper's class: a hook on the wrapper itself would go into its copies.
        """
        self._stand_aside()
        self._wrapped[compiled] = module
        wrapper = type(compiled)
        if wrapper in self._patched or "__call__" not in wrapper.__dict__:
            return
        self._patched.add(wrapper)
        original: Any = wrapper.__dict__["__call__"]

        @functools.wraps(original)
        def calling(this: nn.Module, *args: Any, **kwargs: Any) -> Any:
            output = original(this, *args, **kwargs)
            if not self._inside():
                inner = self._wrapped.get(this)
                if inner is not None:
                    self._enter("torch.leave", self._called, inner, (args, kwargs), output)
            return output

        self.patch(wrapper, "__call__", calling)

    def _watch_in_place(self, module: nn.Module) -> None:
        compiled = module._compiled_call_impl
        if compiled is None:
            return

        @functools.wraps(compiled)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._inside():
                # Our own look runs the module as it was before it was compiled.
                return module._call_impl(*args, **kwargs)
            output = compiled(*args, **kwargs)
            self._enter("torch.leave", self._called, module, (args, kwargs), output)
            return output

        module._compiled_call_impl = call
        kept = weakref.ref(module)

        def undo() -> None:
            alive = kept()
            if alive is not None and alive._compiled_call_impl is call:
                alive._compiled_call_impl = compiled

        self._undo.append(undo)

    def _telling_compile(self, original: Any) -> Any:
        @functools.wraps(original)
        def compile(model: Any = None, *args: Any, **kwargs: Any) -> Any:
            if isinstance(model, nn.Module):
                # Compiled code would trace our hooks into its graph: they go before it is compiled.
                self._enter("torch.compile", self._stand_aside)
            elif model is not None and not self._in_place:
                self._enter("torch.compile", self._function, model)
            compiled = original(model, *args, **kwargs)
            if isinstance(model, nn.Module):
                self._enter("torch.compile", self.watch, compiled, model)
            return compiled

        return compile

    def _telling_module_compile(self, original: Any) -> Any:
        @functools.wraps(original)
        def compile(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            self._enter("torch.compile", self._stand_aside)
            # It is done by `torch.compile` of the module's call.
            self._in_place = True
            try:
                result = original(module, *args, **kwargs)
            finally:
                self._in_place = False
            self._enter("torch.compile", self._watch_in_place, module)
            return result

        return compile
