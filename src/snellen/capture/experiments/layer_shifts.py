"""Do a layer's maps move as the image moves?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Glimpse
from snellen.capture.examined import parts_of
from snellen.capture.experiments.asked import Asked
from snellen.capture.experiments.jumps import jumps
from snellen.capture.experiments.shift_response import blank_border
from snellen.capture.probe import Chunk
from snellen.core import LayerKind
from snellen.stats import ShiftResponse, map_correlation
from snellen.stats.sampling import evenly

IMAGES = 16
FEWEST_IMAGES = 8
FORWARDS = {"look": 9.0}
CHANNELS = 8
"""Of a layer, that are compared."""
SMALLEST_SIDE = 4
LARGEST_JUMP = 32

Maps = dict[str, npt.NDArray[np.float32]]


def layer_shifts(asked: Asked, images: int) -> Iterator[tuple[str, ShiftResponse]]:
    """Moved by one pixel, and by as many as make one position of the layer's map."""
    chunk = asked.first(images)
    pixels = asked.pixels(chunk)
    if pixels is None:
        return
    steps = {
        layer.name: jump
        for layer, jump in jumps(asked.layers)
        if layer.kind is LayerKind.CONV
        and len(jump) == len(layer.positions) == pixels.ndim - 2
        and min(layer.positions) >= SMALLEST_SIDE
        and all(1 <= j <= LARGEST_JUMP for j in jump)
    }
    if not steps:
        return
    still = _maps(asked, chunk, chunk.inputs, set(steps))
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in steps}
    for axis in range(pixels.ndim - 2):
        for pixel in sorted({1} | {jump[axis] for jump in steps.values()}):
            asked.hurry()
            moved = asked.instead(chunk, np.roll(pixels, pixel, axis=axis + 2))
            maps = _maps(asked, chunk, moved, set(steps))
            for name, jump in steps.items():
                if pixel in (1, jump[axis]) and name in maps and name in still:
                    back = np.roll(maps[name], -(pixel // jump[axis]), axis=axis + 2)
                    alike = map_correlation(_inside(still[name]), _inside(back))
                    found[name].append((pixel, alike))
    widest = max(max(jump) for jump in steps.values())
    blank = bool(blank_border(pixels, widest).all())
    for name, seen in found.items():
        yield (
            name,
            ShiftResponse(
                images=len(pixels),
                shifts=np.array([pixel for pixel, _ in seen], np.int64),
                consistency=np.array([alike for _, alike in seen]),
                blank_border=blank,
            ),
        )


def _maps(asked: Asked, chunk: Chunk, inputs: Any, wanted: set[str]) -> Maps:
    """Some channels of each layer's maps, as the next layer reads them."""
    parts = parts_of(asked.layers)
    maps: Maps = {}

    def see(glimpse: Glimpse) -> None:
        name = glimpse.layer.name
        if name in wanted and parts.get(name, glimpse.part) == glimpse.part:
            seen = glimpse.host()
            maps[name] = seen[:, evenly(seen.shape[1], CHANNELS)].astype(np.float32)

    asked.look(chunk, see, inputs)
    return maps


def _inside(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Without the outer quarter on each side: there, what comes in differs from what left."""
    cut = (slice(n // 4, n - n // 4) for n in maps.shape[2:])
    return maps[(slice(None), slice(None), *cut)]
