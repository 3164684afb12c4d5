"""Runs a model without leaving a trace on it, on its parameters or on the random number streams."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from snellen.adapters.torch.inputs import Inputs, tensors_of

DEPTH = 2
"""Levels of containers and plain objects, from a module's attribute on, that are put back."""

LIBRARIES = {"torch", "numpy", "builtins", "functools", "collections", "threading", "weakref"}

_asking = 0
"""Blocks of `asked` under way."""


def asking() -> bool:
    """Whether it is ourselves who run a model just now: no part of the training."""
    return _asking > 0


@contextmanager
def asked(module: nn.Module, inputs: Inputs, *, gradients: bool = False) -> Generator[None]:
    """Inside the block the model can be called on `inputs` in evaluation mode, in full precision
    and as it was written, with or without a graph; what that leaves behind is undone after it."""
    global _asking
    with ExitStack() as around:
        # What is made in inference mode can't be differentiated later.
        around.enter_context(torch.inference_mode(False))
        around.enter_context(torch.set_grad_enabled(gradients))
        around.enter_context(undisturbed(module))
        if gradients:
            around.enter_context(_unheard(module))
        if "torch._dynamo" in sys.modules:
            # Compiled functions inside run as they were written, lest they be compiled for us.
            around.enter_context(torch.compiler.set_stance("force_eager"))
        for device in {t.device.type for t in tensors_of(inputs)}:
            around.enter_context(torch.autocast(device, enabled=False))
        _asking += 1
        try:
            module.eval()
            yield
        finally:
            _asking -= 1


@contextmanager
def _unheard(module: nn.Module) -> Generator[None]:
    """Hooks on parameters rest: a gradient that we ask for is none of the training's."""
    heard = [(p, p._backward_hooks) for p in module.parameters() if p._backward_hooks]
    for parameter, _ in heard:
        parameter._backward_hooks = None
    try:
        yield
    finally:
        for parameter, hooks in heard:
            parameter._backward_hooks = hooks


@contextmanager
def undisturbed(module: nn.Module) -> Generator[None]:
    """Whatever a forward pass inside the block does to the module or the RNG streams is undone
    after it: modes, buffers, attributes, and what lists, dicts, sets and plain objects among the
    attributes hold.

    The user's own hooks rest meanwhile: what they collect must not hold our images.
    """
    # TorchScript keeps its attributes to itself; only its buffers and modes can be put back.
    open_modules = [m for m in module.modules() if not isinstance(m, torch.jit.ScriptModule)]
    attributes = [(m, dict(m.__dict__)) for m in open_modules]
    restore = [r for m in open_modules for v in m.__dict__.values() for r in _restorers(v, DEPTH)]
    buffers = [(b, b._version, b.detach().clone()) for b in module.buffers()]
    scripted = [(m, m.training) for m in module.modules() if isinstance(m, torch.jit.ScriptModule)]
    streams = _random_states()
    for m in open_modules:
        for hooks in ("_forward_hooks", "_backward_hooks", "_backward_pre_hooks"):
            m.__dict__[hooks] = OrderedDict[int, Any]()
        # A module compiled in place is run as it was written.
        m.__dict__["_compiled_call_impl"] = None
    try:
        yield
    finally:
        for buffer, version, value in buffers:
            # Batch norm updates its buffers without raising their version.
            if buffer._version != version or not _alike(buffer, value):
                # By way of `data`: a graph that saved the buffer must not take it for changed.
                buffer.data.copy_(value)
        for m, saved in attributes:
            m.__dict__.clear()
            m.__dict__.update(saved)
        for undo in restore:
            undo()
        for m, training in scripted:
            m.training = training
        _restore_random_states(streams)


def _alike(left: Tensor, right: Tensor) -> bool:
    return bool(((left == right) | ((left != left) & (right != right))).all())


def _restorers(value: Any, depth: int) -> list[Callable[[], None]]:
    """What puts back the contents of a container or a plain object, as they are now."""
    if depth == 0 or value is None or isinstance(value, (str, int, float, Tensor, nn.Module, type)):
        return []
    items: list[Any]
    if isinstance(value, (list, deque)):
        sequence = cast("list[Any]", value)
        items = list(sequence)
        undo = _refill(sequence, items)
    elif isinstance(value, dict):
        mapping = cast("dict[Any, Any]", value)
        saved = dict(mapping)
        items = list(saved.values())
        undo = _reset(mapping, saved)
    elif isinstance(value, set):
        members = cast("set[Any]", value)
        items = []
        undo = _reset(members, set(members))
    elif _plain(value):
        fields: dict[str, Any] = value.__dict__
        return _restorers(fields, depth)
    else:
        return []
    return [undo, *(r for item in items for r in _restorers(item, depth - 1))]


def _refill(sequence: list[Any], items: list[Any]) -> Callable[[], None]:
    def undo() -> None:
        sequence.clear()
        sequence.extend(items)

    return undo


def _reset(container: Any, saved: Any) -> Callable[[], None]:
    def undo() -> None:
        container.clear()
        container.update(saved)

    return undo


def _plain(value: Any) -> bool:
    """An object of the script's own or of a library, with attributes that can be put back."""
    kind: type = type(value)
    if kind.__module__.partition(".")[0] in LIBRARIES:
        return False
    return isinstance(getattr(value, "__dict__", None), dict) and not callable(value)


def _random_states() -> tuple[Any, ...]:
    cuda = (
        torch.cuda.get_rng_state_all()
        if torch.cuda.is_available() and torch.cuda.is_initialized()
        else None
    )
    return torch.get_rng_state(), cuda, random.getstate(), np.random.get_state()


def _restore_random_states(states: tuple[Any, ...]) -> None:
    cpu, cuda, python, numpy = states
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
    random.setstate(python)
    np.random.set_state(numpy)
