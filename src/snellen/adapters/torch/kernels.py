"""Kernels in the canonical order `(outputs, inputs per group, *kernel)`, and back."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from snellen.adapters.torch.tables import host


@dataclass(frozen=True)
class Kernel:
    """The parameters of one layer."""

    weight: Tensor
    bias: Tensor | None
    transposed: bool
    groups: int

    def canonical(self, tensor: Tensor) -> npt.NDArray[Any]:
        """A tensor shaped like the weight, in the canonical order, on the host."""
        array = host(tensor.detach())
        if not self.transposed:
            return array
        # A transposed convolution keeps (inputs, outputs per group, *kernel).
        inputs, outputs = array.shape[:2]
        split = array.reshape(self.groups, inputs // self.groups, outputs, *array.shape[2:])
        return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(
            self.groups * outputs, inputs // self.groups, *array.shape[2:]
        )

    def own_order(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The inverse of `canonical`."""
        if not self.transposed:
            return array
        outputs, inputs = array.shape[0] // self.groups, array.shape[1]
        split = array.reshape(self.groups, outputs, inputs, *array.shape[2:])
        return split.swapaxes(1, 2).reshape(self.groups * inputs, outputs, *array.shape[2:])


@contextmanager
def shifted(
    kernels: Mapping[str, Kernel], changes: Mapping[str, npt.NDArray[Any]]
) -> Generator[None]:
    """Inside the block kernels are what they are plus `changes`, in the canonical order.

    Raises `KeyError` for a layer without a kernel, before anything is changed.
    """
    wanted = [(kernels[name], change) for name, change in changes.items()]
    before: dict[int, tuple[Tensor, Tensor]] = {}
    try:
        for kernel, change in wanted:
            weight = kernel.weight
            # By way of `data`: no graph that saved the weight must take it for changed, and
            # nobody must take the training for having gone on.
            before.setdefault(id(weight), (weight, weight.detach().clone()))
            own = np.ascontiguousarray(kernel.own_order(np.asarray(change)))
            weight.data.add_(torch.from_numpy(own).to(weight.device, weight.dtype))
        yield
    finally:
        for weight, value in before.values():
            weight.data.copy_(value)
