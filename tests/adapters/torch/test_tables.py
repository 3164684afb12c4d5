"""Map tables of tensors: the way of other devices gives what the kernel gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from snellen.adapters.torch.tables import table, table_on_device

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def maps() -> dict[str, Tensor]:
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 6)
    spoilt = x.clone()
    spoilt[0, 0, 0, 0], spoilt[1, 2, 0, 1], spoilt[2, 3] = torch.nan, torch.inf, -torch.inf
    return {
        "plain": x,
        "zeros": torch.zeros(2, 3, 4),
        "not finite": spoilt,
        "channels last": x.to(memory_format=torch.channels_last),
        "a view": x[:, ::2, 1:, ::2],
        "a vector": torch.randn(5, 7),
        "one position": torch.randn(2, 3, 1, 1),
        "one image": x[:1],
        "no image": x[:0],
        "3-D": torch.randn(2, 2, 3, 4, 5),
        "large": x * 1e4,
    }


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", maps())
def test_the_device_path_equals_the_kernel(name: str, dtype: torch.dtype) -> None:
    values = maps()[name].to(dtype)
    kernel, device = table(values, -0.5, 0.5), table_on_device(values, -0.5, 0.5)
    assert kernel.shape == device.shape
    # Extremes and counts are exact, sums within rounding.
    assert np.array_equal(kernel[..., 3:], device[..., 3:])
    assert np.allclose(kernel[..., :3], device[..., :3], rtol=1e-5, atol=1e-4)
