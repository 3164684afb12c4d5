"""The model gets its images standardised."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import outermost
from snellen.adapters.keras import tensors
from snellen.adapters.keras.roles import Role
from snellen.adapters.keras.wiring import NEUTRAL, Node, Wiring, prepares
from snellen.adapters.patches import Patches

UNCHANGED = ("cast", "convert_to_tensor", "identity")
"""Functions that leave images what they are."""


@dataclass(frozen=True)
class _Taker:
    """A layer that takes the images."""

    layer: Any
    call: int
    """The how-manieth in one call of the model."""
    slot: int
    """Where the images stand among its flattened arguments."""
    axis: int
    """Of the channels."""
    scaled_by: tuple[Any, ...]
    """Layers that shift and scale the images before, in their order."""


class _Thread(threading.local):
    def __init__(self) -> None:
        self.takers: tuple[_Taker, ...] = ()
        """Of the model that is being called."""
        self.calls: Counter[int] = Counter()
        """Of each of its layers so far."""


def arm(
    effect: Effect, patches: Patches, *, mean: tuple[float, ...], deviation: tuple[float, ...]
) -> None:
    """Give the first layers that work on the images these less `mean`, divided by `deviation`.

    Where a model begins with layers that prepare its images, what comes out of those is
    standardised, with `mean` and `deviation` shifted and scaled as they do; so such a model ends up
    with the same standardised images, and what draws them at random goes on as it did. A model that
    shifts or scales its images by hand is left alone, and so is one that hands them to functions
    before any layer.
    """
    from keras.src.ops.operation import Operation

    thread = _Thread()
    size = len(mean)
    low = np.asarray(mean, "float32")
    high = low + np.asarray(deviation, "float32")

    def planned(model: Any, wiring: Wiring, inputs: Any) -> tuple[_Taker, ...]:
        images, axis = _images(wiring, inputs, size)
        if images is None:
            return ()
        try:
            return tuple(_takers(wiring, images, axis))
        except _ByHandError as error:
            effect.cannot(f"the images of {model.name} are not standardised: {error}")
            return ()

    @contextlib.contextmanager
    def carried(model: Any, takers: tuple[_Taker, ...]) -> Generator[None]:
        del model
        thread.takers = takers
        thread.calls.clear()
        try:
            yield
        finally:
            thread.takers = ()

    def standardised(images: Any, taker: _Taker) -> Any:
        from keras import backend, ops

        shape = [1] * len(images.shape)
        shape[taker.axis] = size
        ends: list[Any] = [ops.convert_to_tensor(end.reshape(shape)) for end in (low, high)]
        for layer in taker.scaled_by:
            ends = [ops.cast(layer.call(end), "float32") for end in ends]
        given: Any = ops.cast(images, "float32")
        found = (given - ends[0]) / (ends[1] - ends[0])
        effect.did("model calls, or functions traced, with standardised images")
        dtype = backend.standardize_dtype(images.dtype)
        return ops.cast(found, dtype if "float" in dtype else taker.layer.compute_dtype)

    def call(original: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
        import keras

        if not thread.takers or tensors.any_keras_tensor((args, kwargs)):
            return original(layer, *args, **kwargs)
        number = thread.calls[id(layer)]
        thread.calls[id(layer)] += 1
        for taker in thread.takers:
            if taker.layer is layer and taker.call == number:
                flat = keras.tree.flatten((args, kwargs))
                known = [place for place, leaf in enumerate(flat) if leaf is not None]
                place = known[taker.slot]
                flat[place] = standardised(flat[place], taker)
                args, kwargs = keras.tree.pack_sequence_as((args, kwargs), flat)
        return original(layer, *args, **kwargs)

    outermost.patch(patches, effect, planned, carried)
    patches.around(Operation, "__call__", call)


class _ByHandError(Exception):
    """The images can't be standardised; the message says why."""


def _images(wiring: Wiring, inputs: Any, channels: int) -> tuple[Node | None, int]:
    """The first of the inputs that holds images of so many channels, and the axis of these."""
    import keras

    leaves = [leaf for leaf in tensors.leaves(inputs) if hasattr(leaf, "shape")]
    whole = ["float" not in keras.backend.standardize_dtype(leaf.dtype) for leaf in leaves]
    first, second = (-1, 1) if tensors.channel_axis() == -1 else (1, -1)
    for integer in (False, True):
        for node, is_whole in zip(wiring.images, whole, strict=False):
            if is_whole is not integer or len(node.given) < 3:
                continue
            for axis in (first, second):
                if node.given[axis] == channels:
                    return node, axis
    return None, first


def _takers(wiring: Wiring, images: Node, axis: int) -> list[_Taker]:
    """The layers that take the images, or these after layers that only prepare them.

    Raises `_ByHandError` where something else takes them.
    """
    found: list[_Taker] = []
    waiting: list[tuple[Node, tuple[Any, ...]]] = [(images, ())]
    while waiting:
        source, scaled_by = waiting.pop()
        takers = wiring.takers.get(source, [])
        if source in wiring.outputs or not takers:
            raise _ByHandError("what takes them is not known")
        for node in takers:
            if node.layer is None:
                if node.role is not Role.CARRY or node.name not in UNCHANGED:
                    raise _ByHandError(f"the model itself calls {node.name} on them first")
                waiting.append((node, scaled_by))
            elif prepares(node.layer):
                scales = type(node.layer).__name__ in NEUTRAL
                waiting.append((node, (*scaled_by, node.layer) if scales else scaled_by))
            elif source not in node.inputs or len(node.slots) != len(node.inputs):
                raise _ByHandError(f"what {node.layer.name} does with them is not known")
            else:
                slot = node.slots[node.inputs.index(source)]
                found.append(_Taker(node.layer, node.call, slot, axis, scaled_by))
    return found
