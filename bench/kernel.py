"""The map table against `torch.sum` of the same tensor, which reads it once and does the least with
it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from bench.row import Row
from bench.timing import side_by_side
from snellen.stats import kernels

THREADS = 2
ROUNDS = 100


def measure() -> Iterator[Row]:
    if kernels.reason_not_compiled:
        print(kernels.reason_not_compiled)
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    maps = torch.randn(64, 64, 56, 56)
    yield compared("64×64×56×56 float32", maps, 1.5)
    yield compared("64×64×56×56 bfloat16 (sum of float32)", maps.bfloat16(), 2.5, against=maps)
    yield compared("64×64×56×56 bfloat16 (sum of bfloat16)", maps.bfloat16(), 2.5)
    yield compared("64×64×56×56 float16 (sum of float32)", maps.half(), None, against=maps)
    yield compared("64×64×56×56 float64", maps.double(), None)
    last = maps.contiguous(memory_format=torch.channels_last)
    yield compared("64×64×56×56 channels last", last, 2.5)
    yield compared("64×64×54×54 inner positions of it", maps[..., 1:-1, 1:-1], None)
    yield compared("64×4096×7×7 float32", torch.randn(64, 4096, 7, 7), 2.5)
    # In the cache a sum has nothing to wait for, and the table is a third of what it reads.
    yield compared("64×512×7×7 float32, in the cache", torch.randn(64, 512, 7, 7), None)
    yield compared("64×4096 float32, plain vectors", torch.randn(64, 4096), None)
    maps[:, ::4, 5, 5] = float("nan")
    yield compared("64×64×56×56 float32, NaN in a quarter", maps, None)


def compared(
    name: str, maps: torch.Tensor, limit: float | None, against: torch.Tensor | None = None
) -> Row:
    summed = maps if against is None else against
    bfloat16 = maps.dtype is torch.bfloat16
    host = maps.view(torch.uint16).numpy() if bfloat16 else maps.numpy()

    def table() -> np.ndarray:
        return kernels.map_table(host, -np.inf, 0.0, bfloat16=bfloat16, threads=THREADS)

    taken = side_by_side({"table": table, "sum": lambda: torch.sum(summed)}, ROUNDS)
    note = f"{taken['table'] * 1e3:.2f} ms against {taken['sum'] * 1e3:.2f} ms"
    return Row(f"map table, {name}", taken["table"] / taken["sum"], "×", limit, note)
