"""Follows the forward passes under gradients: which model is called, and in which of its modules
the pass is."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as registry
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from snellen.adapters.contract import Guard, Observer
from snellen.adapters.torch.outputs import first_tensor, tensors_in
from snellen.adapters.torch.recorder import Recorder, leave
from snellen.adapters.torch.watched import Watched


class Forwards:
    """Global hooks cost a few microseconds a module, so they are there only while needed."""

    def __init__(
        self,
        observer: Observer,
        guard: Guard,
        enter: Callable[..., Any],
        keep: Callable[[str], bool],
        watch: Callable[[nn.Module], Watched],
        called: Callable[[Watched, Any, Any], None],
        closed: Callable[[], bool],
    ) -> None:
        """`enter(name, function, *args)` crosses the boundary. `watch(module)` gives what is kept
        of a model that is called, `called(watched, inputs, output)` comes when it has returned.
        `closed()`: a look of our own is under way."""
        self._observer, self._guard, self._enter, self._keep = observer, guard, enter, keep
        self._watch, self._called, self._closed = watch, called, closed
        self._ended = False
        self._hooks: list[Any] = []
        self._roots: list[tuple[nn.Module, Watched]] = []
        self._stack: list[str] = []
        self._thread = 0
        self._recorder: Recorder | None = None
        self.records = True
        """Passes that someone wants to see are recorded."""

    @property
    def hooked(self) -> bool:
        return bool(self._hooks)

    @property
    def root(self) -> Watched | None:
        """The model whose pass is under way."""
        return self._roots[0][1] if self._roots else None

    @property
    def here(self) -> bool:
        """This is the thread that the models are called in."""
        return threading.get_ident() == self._thread

    def hook(self) -> None:
        if not self._hooks:
            self._hooks = [
                register_module_forward_pre_hook(self._pre_forward),
                register_module_forward_hook(
                    self._post_forward, with_kwargs=True, always_call=True
                ),
            ]

    def unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
            # `remove` leaves this entry, and compiled code takes it for a hook.
            registry._global_forward_hooks_with_kwargs.pop(hook.id, None)
        self._hooks = []

    def end(self) -> None:
        """Watch no more. A pass under way takes the mode and the hooks away when it ends."""
        self._ended = True
        self._end_recording()
        self.clear()

    def clear(self) -> None:
        self._roots.clear()
        self._stack.clear()

    def start_over(self) -> None:
        """Forget the pass under way in this thread, which has ended unseen."""
        if self._roots and self.here:
            if self._recorder is not None and leave(self._recorder):
                self._recorder = None
            self.clear()

    def _pre_forward(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        # First of all: code that is being compiled traces this, and must trace nothing of it.
        if torch.compiler.is_compiling() or self._closed():
            return
        # Inside a model every call counts, lest the stack lose its balance under `no_grad`.
        if self._roots or torch.is_grad_enabled():
            self._enter("torch.enter", self._entered, module, args)

    def _post_forward(self, module: nn.Module, args: Any, *rest: Any) -> None:
        if torch.compiler.is_compiling() or self._closed():
            return
        if self._ended:
            self._end_recording()
        elif self._roots and self.here:
            # `rest` is `(kwargs, output)`, or `(None,)` alone where the forward raised.
            kwargs, output = rest if len(rest) == 2 else ({}, None)
            if self._recorder is not None and self._outermost(module):
                # Outside the guard: the mode must leave its stack whatever happens.
                leave(self._recorder)
            self._enter("torch.leave", self._left, module, args, kwargs, output)

    def _end_recording(self) -> None:
        if self._recorder is None or leave(self._recorder):
            self._recorder = None
            self.unhook()

    def _outermost(self, module: nn.Module) -> bool:
        return self._roots[0][0] is module and len(self._stack) == 1

    def _entered(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if self._roots and self._outermost(module):
            # It calls itself; or an interrupt, after which no hook is called, ended it before.
            self.start_over()
        if self._roots:
            if self.here:
                self._stack.append(_called_name(self._roots[0][1], module))
            return
        if not _may_be_root(module):
            return
        watched = self._watch(module)
        self._roots.append((module, watched))
        self._thread = threading.get_ident()
        self._stack.append(_called_name(watched, module))
        if self.records and watched.begun and self._observer.wants_maps(id(module)):
            self._record(watched, args)

    def _record(self, watched: Watched, args: tuple[Any, ...]) -> None:
        recorder = Recorder(
            watched.model.names,
            self._stack,
            functools.partial(self._observer.glimpse, id(watched.module)),
            self._keep,
            guard=self._guard,
        )
        first = first_tensor(tensors_in(args))
        if first is not None:
            recorder.starts_with(first)
        recorder.__enter__()
        self._recorder = recorder

    def _left(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if self._stack:
            self._stack.pop()
        if self._stack:
            return
        root, watched = self._roots.pop()
        recorder, self._recorder = self._recorder, None
        if output is None or root is not module:
            return
        self._called(watched, (args, kwargs), output)
        if recorder is not None:
            model = watched.model
            layers = recorder.finish(model.pick(output), ends=not model.feeds_another)
            model.learn(recorder, layers)
            self._observer.maps_done(id(module), layers)


def _called_name(watched: Watched, module: nn.Module) -> str:
    return watched.model.module_names.get(id(module)) or type(module).__name__


def _may_be_root(module: nn.Module) -> bool:
    # A checkpoint calls modules again inside the backward pass; a trace is no training.
    recomputed = torch._C._current_graph_task_id() != -1
    if recomputed or torch.jit.is_tracing() or is_keras(module):  # pyright: ignore[reportPrivateImportUsage]
        return False
    return any(p.requires_grad for p in module.parameters())


def is_keras(module: nn.Module) -> bool:
    """A Keras layer on the torch backend: its own adapter watches it."""
    return any(cls.__module__.partition(".")[0] == "keras" for cls in type(module).__mro__)
