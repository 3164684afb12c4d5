"""Calls of functions inside models that are chosen once, and changed in every pass from then on."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.as_written import keep_activations, run_as_written
from snellen.adapters.changes.torch.roots import Calls, Inside, around_models, learns
from snellen.adapters.changes.torch.tape import Tape
from snellen.adapters.patches import Patches
from snellen.adapters.torch.inputs import copied, tensors_of
from snellen.adapters.torch.undisturbed import asked

Place = tuple[int, str, int]
"""Which call of a module in the pass, and of a function in it: `(2, "conv2d", 1)` is the first
convolution in the second call."""


@dataclass(frozen=True)
class Site:
    """A chosen function that is being called."""

    module: nn.Module
    """The innermost module whose call it is in."""
    place: Place
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self) -> Any:
        return self.function(*self.args, **self.kwargs)

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[position] if len(self.args) > position else default


class Sites:
    """Before the first pass of a model in each of its modes it is run once for ourselves, without a
    trace: what follows a function is only known when the pass is over.

    A call that is chosen, or not, in one pass is so in all passes, of parts of the model too.
    """

    def __init__(
        self,
        effect: Effect,
        patches: Patches,
        names: Set[str],
        chosen: Callable[[Tape, int], bool],
        change: Callable[[Site], Any],
    ) -> None:
        """`chosen(tape, step)` is asked for each call of a function of these names;
        `change(site)` stands in for it."""
        self._effect, self._names = effect, names
        self._chosen, self._change = chosen, change
        self._places: weakref.WeakKeyDictionary[nn.Module, dict[Place, bool]] = (
            weakref.WeakKeyDictionary()
        )
        self._known: weakref.WeakKeyDictionary[nn.Module, set[bool]] = weakref.WeakKeyDictionary()
        self._here = _Here()
        run_as_written(patches)
        keep_activations(patches)
        self._calls = around_models(effect, patches, self._before)

    def _before(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Inside | None:
        if self._here.tape is not None:
            return functools.partial(_taped, self._here.tape)
        if not learns(module) or _out_of_reach(module):
            return None
        known = self._known.setdefault(module, set())
        if module.training not in known and not any(map(is_lazy, module.parameters())):
            known.add(module.training)
            self._learn(module, args, kwargs)
        return self._under_way

    def _under_way(self, forward: Any, *args: Any, **kwargs: Any) -> Any:
        with _Changing(self._calls, self._names, self._places, self._change):
            return forward(*args, **kwargs)

    def _learn(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        modes = [(m, m.training) for m in module.modules()]
        tape = Tape(functools.partial(name_of, self._calls, self._names))
        inputs = copied((args, kwargs))
        with asked(module, inputs, gradients=torch.is_grad_enabled()):
            for m, training in modes:
                m.training = training
            self._here.tape = tape
            try:
                module(*inputs[0], **inputs[1])
            except Exception as error:
                # Whatever it is, the script's own call will raise it as well if it must.
                kind = type(error).__name__
                self._effect.cannot(f"a model that could not be run in advance ({kind}) stays")
                return
            finally:
                self._here.tape = None
        for number, step in enumerate(tape.steps):
            if step.call is not None:
                inner, place = step.call
                self._places.setdefault(inner, {}).setdefault(place, self._chosen(tape, number))


class _Here(threading.local):
    tape: Tape | None = None
    """A model is being run for ourselves."""


class _Changing(TorchFunctionMode):
    """Active in one pass, above the watcher's own mode: that sees what is really called."""

    def __init__(
        self,
        calls: Calls,
        names: Set[str],
        places: weakref.WeakKeyDictionary[nn.Module, dict[Place, bool]],
        change: Callable[[Site], Any],
    ) -> None:
        super().__init__()
        self._calls, self._names, self._places, self._change = calls, names, places, change

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        called = name_of(self._calls, self._names, getattr(func, "__name__", ""))
        if called is not None and self._places.get(called[0], {}).get(called[1], False):
            return self._change(Site(called[0], called[1], func, args, kwargs))
        return func(*args, **kwargs)


def name_of(calls: Calls, names: Set[str], function: str) -> tuple[nn.Module, Place] | None:
    """The place of a call that begins now, for functions of these names."""
    if function not in names or not calls.stack:
        return None
    call = calls.stack[-1]
    call.functions[function] += 1
    return call.module, (call.number, function, call.functions[function])


def _taped(tape: Tape, forward: Any, *args: Any, **kwargs: Any) -> Any:
    tape.takes(tensors_of((args, kwargs)))
    with tape:
        output = forward(*args, **kwargs)
    tape.gives(output)
    return output


def _out_of_reach(module: nn.Module) -> bool:
    """Replicas are made anew for each pass; traces and transforms have rules of their own."""
    replica = getattr(module, "_is_replica", False)
    transformed = torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue]
    return replica or transformed or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
