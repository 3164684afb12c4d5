"""What a model is called with: batches cut, joined, and given other images."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from snellen.adapters.torch.outputs import tensors_in

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
"""What the model is called with: positional and keyword arguments."""


def tensors_of(inputs: Inputs) -> list[Tensor]:
    return tensors_in((*inputs[0], *inputs[1].values()))


def images_in(inputs: Inputs) -> int:
    """Images in a batch: the length of the first tensor's first axis; 0 without a tensor."""
    tensors = tensors_of(inputs)
    return int(tensors[0].shape[0]) if tensors and tensors[0].ndim else 0


def image_tensor(inputs: Inputs) -> Tensor | None:
    """The first tensor of floating point with an axis of images and one of channels."""
    found = (t for t in tensors_of(inputs) if t.is_floating_point() and t.ndim >= 2)
    return next(found, None)


def shapes_of(inputs: Inputs) -> tuple[tuple[int, ...], ...]:
    """The shapes of one image's tensors; those without an axis of images in full."""
    images = images_in(inputs)
    return tuple(
        tuple(t.shape[1:]) if t.ndim and t.shape[0] == images else (-1, *t.shape)
        for t in tensors_of(inputs)
    )


def replaced(inputs: Inputs, old: Tensor, new: Tensor) -> Inputs:
    """The same inputs with one tensor in another's place, wherever it lies in them."""
    args, kwargs = inputs
    swapped = [_mapped(value, lambda t: new if t is old else t) for value in args]
    return tuple(swapped), {
        key: _mapped(value, lambda t: new if t is old else t) for key, value in kwargs.items()
    }


def copied(inputs: Inputs) -> Inputs:
    """The same inputs in memory of their own."""
    args, kwargs = inputs
    return tuple(_mapped(value, torch.clone) for value in args), {
        key: _mapped(value, torch.clone) for key, value in kwargs.items()
    }


def selected(batches: Sequence[Inputs], index: npt.NDArray[np.int64]) -> Inputs:
    """The images `index` (into the batches laid end to end), copied."""
    sizes = [images_in(batch) for batch in batches]
    starts = np.cumsum([0, *sizes])
    args = tuple(
        _gather([batch[0][i] for batch in batches], sizes, starts, index)
        for i in range(len(batches[0][0]))
    )
    kwargs = {
        key: _gather([batch[1][key] for batch in batches], sizes, starts, index)
        for key in batches[0][1]
    }
    return args, kwargs


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return _rebuilt(value, [_mapped(item, change) for item in value])
    return value


def _rebuilt(value: Any, items: list[Any]) -> Any:
    kind: Any = type(value)
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def _gather(
    values: Sequence[Any],
    sizes: Sequence[int],
    starts: npt.NDArray[np.int64],
    index: npt.NDArray[np.int64],
) -> Any:
    """The images `index` of one argument over several batches; what is not per image stays as it
    is."""
    first = values[0]
    if isinstance(first, Mapping):
        keys: list[Any] = list(first)
        return {
            key: _gather([value[key] for value in values], sizes, starts, index) for key in keys
        }
    if isinstance(first, (tuple, list)):
        columns = [
            _gather([value[i] for value in values], sizes, starts, index) for i in range(len(first))
        ]
        return _rebuilt(first, columns)
    per_image = isinstance(first, Tensor) and first.ndim and first.shape[0] == sizes[0]
    if not per_image:
        return first
    pieces: list[Tensor] = []
    for k, value in enumerate(values):
        inside = index[(index >= starts[k]) & (index < starts[k + 1])] - starts[k]
        if len(inside):
            pieces.append(value.detach()[torch.from_numpy(inside).to(value.device)])
    return torch.cat(pieces) if pieces else first.detach()[:0].clone()
