"""Tensors inside what models take and give."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from snellen.adapters.torch.graph import fed_by, fed_by_step, mark_of, steps_behind


def tensors_in(value: Any) -> list[Tensor]:
    """Tensors in a value, or in a tuple, list or mapping up to two levels down, in order."""
    if isinstance(value, Tensor):
        return [value]
    if value is None or isinstance(value, (int, float, str)):
        return []
    return [t for item in _items(value) for t in _one_level(item)]


def outputs_in(output: Any) -> list[Tensor]:
    """The tensors a model returned, in order, scalars left out."""
    return [t for t in tensors_in(output) if t.ndim >= 1]


def first_tensor(output: Any) -> Tensor | None:
    """The tensor a model's return value is about: itself, its `logits`, or the first one inside."""
    if isinstance(output, Mapping):
        logits = output.get("logits")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    else:
        logits = None if isinstance(output, Tensor) else getattr(output, "logits", None)
    if isinstance(logits, Tensor) and logits.ndim >= 1:
        return logits
    return next(iter(outputs_in(output)), None)


@dataclasses.dataclass(frozen=True)
class Output:
    """What is kept of a tensor that a model returned: the script may let go of it at once, as in
    `loss(model(x).squeeze(1), y)`."""

    tensor: weakref.ref[Tensor]
    shape: tuple[int, ...]
    mark: int | None

    @classmethod
    def of(cls, tensor: Tensor) -> Output:
        return cls(weakref.ref(tensor), tuple(tensor.shape), mark_of(tensor))

    def fed_by(self, fed: Tensor) -> str | None:
        """The activation that it came out of, as `fed` shows it that was made of it."""
        if self.tensor() is fed or self.mark is None:
            return fed_by(fed)
        return fed_by_step(self.mark, fed)


def source_of(fed: Tensor, outputs: Sequence[Output]) -> int | None:
    """Which of the outputs a loss was fed with: as it is, reshaped, or through an activation."""
    for i, output in enumerate(outputs):
        if output.tensor() is fed:
            return i
    for node in steps_behind(fed):
        mark = node._sequence_nr()
        for i, output in enumerate(outputs):
            if output.mark is not None and output.mark == mark:
                return i
    return None


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, (tuple, list)):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, f.name) for f in dataclasses.fields(value)]
    return []


def _one_level(item: Any) -> list[Tensor]:
    if isinstance(item, Tensor):
        return [item]
    return [t for t in _items(item) if isinstance(t, Tensor)]
