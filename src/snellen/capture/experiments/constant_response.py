"""What does the border of a map add where the image has nothing to show?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Glimpse
from snellen.capture.examined import parts_of
from snellen.capture.experiments.asked import Asked
from snellen.core import LayerKind
from snellen.stats import ConstantResponse

IMAGES = 2
FEWEST_IMAGES = 1
FORWARDS = {"look": 1.0}
TOUCHED = 0.01
"""Standard deviations of the probe's maps by which a position must differ from the centre."""
SMALLEST_SIDE = 4


def constant_response(asked: Asked, images: int) -> Iterator[tuple[str, ConstantResponse]]:
    """Maps of an image that is the data's mean in every pixel."""
    mean = _mean(asked)
    if mean is None:
        return
    chunk = asked.first(images)
    pixels = asked.pixels(chunk)
    if pixels is None:
        return
    flat = np.broadcast_to(mean.reshape(1, -1, *(1,) * (pixels.ndim - 2)), pixels.shape)
    parts = parts_of(asked.layers)
    convolutions = {x.name for x in asked.layers if x.kind is LayerKind.CONV}
    found: list[tuple[str, ConstantResponse]] = []

    def see(glimpse: Glimpse) -> None:
        name, part = glimpse.layer.name, glimpse.part
        if name not in convolutions or parts.get(name, part) != part:
            return
        maps = glimpse.host()[0].astype(np.float64)
        spread = asked.spreads.get((name, part))
        if maps.ndim == 3 and min(maps.shape[1:]) >= SMALLEST_SIDE and spread is not None:
            found.append((name, _response(maps, spread)))

    asked.look(chunk, see, asked.instead(chunk, flat.astype(pixels.dtype)))
    yield from found


def _mean(asked: Asked) -> npt.NDArray[np.float64] | None:
    """Of each channel, over the probe."""
    sums: list[npt.NDArray[np.float64]] = []
    for chunk in asked.chunks:
        pixels = asked.pixels(chunk)
        if pixels is None:
            return None
        axes = (0, *range(2, pixels.ndim))
        sums.append(pixels.mean(axis=axes, dtype=np.float64) * chunk.images)
    mean = np.sum(sums, axis=0) / max(asked.images, 1)
    return mean if np.isfinite(mean).all() else None


def _response(maps: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]) -> ConstantResponse:
    """Of maps `(channels, height, width)`."""
    channels, height, width = maps.shape
    inside = maps[:, 1:-1, 1:-1]
    within = inside.sum(axis=(1, 2))
    inner = (height - 2) * (width - 2)
    ring = (maps.sum(axis=(1, 2)) - within) / (height * width - inner)
    known = np.isfinite(spread) & (spread > 0) & np.isfinite(maps.sum(axis=(1, 2)))
    gap = np.abs(ring - within / inner)
    none = np.zeros(channels) + np.nan
    border = np.divide(gap, spread, out=none, where=known)
    centre = maps[:, height // 2, width // 2]
    far = np.abs(maps - centre[:, None, None]) > TOUCHED * spread[:, None, None]
    affected = float(far[known].mean()) if known.any() else float("nan")
    return ConstantResponse(border=border, affected=affected)
