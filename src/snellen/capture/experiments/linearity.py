"""Is the model linear around its images?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Glimpse
from snellen.capture.experiments.asked import Asked
from snellen.capture.probe import Chunk
from snellen.stats import Linearity

IMAGES = 64
FORWARDS = {"look": 3.0}
UNMOVED = 1e-5
"""A difference below this share of the values themselves is rounding."""

Floats = npt.NDArray[np.float64]


def linearity(asked: Asked, images: int) -> Iterator[tuple[str, Linearity]]:
    """`f(x + d) + f(x − d) − 2 f(x)` against `f(x + d) − f(x − d)`, of what the heads' weights put
    out: a softmax behind them would bend any model."""
    chunk = asked.first(images)
    pixels = asked.pixels(chunk)
    if pixels is None:
        return
    draw = np.random.default_rng(0).standard_normal(pixels.shape)
    moved = draw * float(np.nan_to_num(pixels.astype(np.float64).std()))
    middle = _head_values(asked, chunk, chunk.inputs)
    above = _head_values(asked, chunk, asked.instead(chunk, (pixels + moved).astype(pixels.dtype)))
    below = _head_values(asked, chunk, asked.instead(chunk, (pixels - moved).astype(pixels.dtype)))
    if middle is None or above is None or below is None:
        return
    bend = np.linalg.norm(above + below - 2 * middle, axis=1)
    slope = np.linalg.norm(above - below, axis=1)
    known = slope > UNMOVED * np.linalg.norm(middle, axis=1)
    curvature = float(np.median(bend[known] / slope[known])) if known.any() else float("nan")
    yield "", Linearity(images=len(pixels), curvature=curvature)


def _head_values(asked: Asked, chunk: Chunk, inputs: Any) -> Floats | None:
    """Shape `(images, any)`; the output where no head is known; `None` where values are not
    finite."""
    heads = {layer.name for layer in asked.layers if layer.head}
    values: list[Floats] = []

    def see(glimpse: Glimpse) -> None:
        if glimpse.layer.name in heads and glimpse.part == "pre":
            maps = glimpse.host()
            values.append(maps.reshape(len(maps), -1).astype(np.float64))

    seen = asked.look(chunk, see, inputs)
    if not values and seen.output is not None:
        values.append(seen.output.reshape(len(seen.output), -1).astype(np.float64))
    if not values:
        return None
    found = np.concatenate(values, axis=1)
    return found if np.isfinite(found).all() else None
