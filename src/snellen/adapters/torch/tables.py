"""Map tables of PyTorch tensors: by the kernel on the CPU, by reductions on any other device."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from snellen.stats.kernels import map_table


def table(maps: Tensor, low: float, high: float) -> npt.NDArray[np.float64]:
    """The map table `(images, channels, 8)` of maps `(images, channels, *positions)`."""
    if maps.device.type != "cpu":
        return table_on_device(maps, low, high)
    array, bfloat16 = as_array(maps)
    return map_table(array, low, high, bfloat16=bfloat16)


def as_array(maps: Tensor) -> tuple[npt.NDArray[Any], bool]:
    """A NumPy view of a CPU tensor, and whether it holds the bits of bfloat16 values."""
    if maps.dtype is torch.bfloat16:
        return maps.view(torch.uint16).numpy(), True
    return maps.numpy(), False


def host(maps: Tensor) -> npt.NDArray[Any]:
    """The maps as float32 (or float64) on the host; shares memory where it can."""
    if maps.dtype in (torch.bfloat16, torch.float16):
        maps = maps.float()
    return maps.cpu().numpy()


def table_on_device(maps: Tensor, low: float, high: float) -> npt.NDArray[np.float64]:
    """The same table by the framework's own reductions, and one transfer to the host."""
    images, channels = maps.shape[:2]
    flat = maps.flatten(2) if maps.ndim > 2 else maps.unsqueeze(2)
    flat = flat.float() if flat.dtype in (torch.bfloat16, torch.float16) else flat
    if flat.shape[2] == 0:
        empty = np.zeros((images, channels, 8))
        empty[..., 3], empty[..., 4] = np.inf, -np.inf
        return empty
    finite = torch.isfinite(flat)
    # Double only where it is summed: a copy of the whole map in float64 would double its memory.
    known = torch.where(finite, flat, flat.new_zeros(()))
    infinity = flat.new_full((), torch.inf)
    columns = [
        known.sum(dim=2, dtype=torch.float64),
        # Squared in float64: float32 overflows beyond 1.8e19.
        known.double().square().sum(dim=2),
        known.abs().sum(dim=2, dtype=torch.float64),
        torch.where(finite, flat, infinity).amin(dim=2).double(),
        torch.where(finite, flat, -infinity).amax(dim=2).double(),
        ((flat < low) & finite).sum(dim=2).double(),
        ((flat > high) & finite).sum(dim=2).double(),
        (~finite).sum(dim=2).double(),
    ]
    return torch.stack(columns, dim=2).cpu().numpy()
