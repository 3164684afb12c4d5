"""Shows a recorder the functions that models call without a layer, while one pass lasts."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from snellen.adapters.keras import tensors
from snellen.adapters.keras.roles import ACTIVATION_NAMES, FUNCTIONS, OPERATORS, Role


class Stand(Protocol):
    """What stands in for the calls of layers and functions."""

    def layer(self, original: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
        """In place of `original(layer, *args, **kwargs)`."""
        ...

    def function(
        self, role: Role, name: str, original: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """In place of `original(*args, **kwargs)`."""
        ...


class _Blocks(threading.local):
    """Blocks of this thread that are open."""

    depth = 0
    alone = 0
    """Depth of the innermost one that is alone: those around it are told nothing."""

    def reach(self, level: int) -> bool:
        """Whether calls of this thread go through the block at this depth."""
        return self.alone <= level <= self.depth


_BLOCKS = _Blocks()


@contextlib.contextmanager
def recorded(recorder: Stand, *, alone: bool = False) -> Generator[None]:
    """Inside the block the calls of this thread go through the recorder.

    Of two blocks inside one another both are told of a call, the inner one first; one that is
    `alone` hides what it does from those around it.
    """
    changed: list[tuple[Any, str, Any]] = []
    before = _BLOCKS.depth, _BLOCKS.alone
    level = _BLOCKS.depth = _BLOCKS.depth + 1
    if alone:
        _BLOCKS.alone = level
    try:
        for owner, name, replacement in _replacements(recorder, level):
            changed.append((owner, name, owner.__dict__[name]))
            setattr(owner, name, replacement)
        with _torch_functions(recorder, level):
            yield
    finally:
        for owner, name, original in reversed(changed):
            setattr(owner, name, original)
        _BLOCKS.depth, _BLOCKS.alone = before


def _replacements(recorder: Stand, level: int) -> Iterator[tuple[Any, str, Any]]:
    from keras.src.layers.layer import Layer

    original = Layer.__call__

    @functools.wraps(original)
    def layer_call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if not _BLOCKS.reach(level):
            return original(layer, *args, **kwargs)
        return recorder.layer(original, layer, *args, **kwargs)

    yield Layer, "__call__", layer_call
    for module in _modules():
        for name, role in FUNCTIONS.items():
            function = vars(module).get(name)
            if callable(function):
                yield module, name, _function(recorder, level, role, name, function)
    for kind in _tensor_types():
        for name, role in OPERATORS.items():
            function = vars(kind).get(name)
            if callable(function):
                yield kind, name, _function(recorder, level, role, name, function)


def _function(
    recorder: Stand, level: int, role: Role, name: str, original: Callable[..., Any]
) -> Callable[..., Any]:
    name = ACTIVATION_NAMES.get(name, name)

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not _BLOCKS.reach(level):
            return original(*args, **kwargs)
        return recorder.function(role, name, original, args, kwargs)

    return function


def _modules() -> list[Any]:
    from keras.src import backend

    modules: list[Any] = [backend, backend.core, backend.nn, backend.numpy, backend.image]
    name = tensors.backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        modules += [tf, tf.nn, tf.math, tf.image]
    elif name == "jax":
        import jax

        modules += [jax.nn, jax.image]
    return modules


def _tensor_types() -> list[Any]:
    name = tensors.backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        return [tf.Tensor]
    if name == "jax":
        import jax.core
        import jax.numpy

        return [type(jax.numpy.zeros(())), jax.core.Tracer]
    return []


@contextlib.contextmanager
def _torch_functions(recorder: Stand, level: int) -> Generator[None]:
    if tensors.backend_name() != "torch":
        yield
        return
    from torch.overrides import TorchFunctionMode

    class Shown(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            del types
            name = str(getattr(func, "__name__", ""))
            role = OPERATORS.get(name) or FUNCTIONS.get(name) or _TORCH.get(name)
            if role is None or not _BLOCKS.reach(level):
                return func(*args, **(kwargs or {}))
            return recorder.function(
                role, ACTIVATION_NAMES.get(name, name), func, args, kwargs or {}
            )

    with Shown():
        yield


_TORCH = {
    "cat": Role.JOIN,
    "mul": Role.JOIN,
    "sub": Role.JOIN,
    "div": Role.JOIN,
    "flatten": Role.RESHAPE,
    "view": Role.RESHAPE,
    "permute": Role.RESHAPE,
    "to": Role.CARRY,
    "contiguous": Role.CARRY,
    "max_pool2d": Role.CARRY,
    "avg_pool2d": Role.CARRY,
    "interpolate": Role.CARRY,
    "pixel_shuffle": Role.RESHAPE,
    "adaptive_avg_pool2d": Role.RESHAPE,
    "adaptive_max_pool2d": Role.RESHAPE,
}
"""Functions under names that torch alone gives them."""
