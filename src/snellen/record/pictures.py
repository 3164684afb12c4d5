"""A channel's map as a small grey picture."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

LARGEST_SIDE = 64
"""Larger maps are averaged down to it, smaller ones keep their size."""

NAN_COLOUR = (255, 0, 255)
ABOVE_COLOUR = (255, 140, 0)
"""Of +inf."""
BELOW_COLOUR = (0, 110, 255)
"""Of -inf."""

_GREYS = 253
"""Levels left for greys in a picture that shows colours too."""

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]


def png(values: npt.NDArray[Any], low: float, high: float) -> bytes:
    """The map `(*positions)` as an 8-bit grey PNG: `low` and less is black, `high` and more is
    white.

    One number is one pixel, a 1-D map one row, of a 3-D map the middle slice of the first axis is
    shown. A map that has values that are not finite becomes a picture with a palette, where NaN is
    magenta, +inf orange and -inf blue; a pixel averaged over several positions has the colour if
    one of them has it. Without a scale (`low` and `high` equal, or not finite) every finite value
    is black.
    """
    flat = _plane(np.asarray(values, np.float64))
    codes = np.zeros(flat.shape, np.uint8)
    codes[np.isneginf(flat)] = 1
    codes[np.isposinf(flat)] = 2
    codes[np.isnan(flat)] = 3
    greys, codes = _reduced(flat, codes)
    shares = _shares(greys, low, high)
    if codes.any():
        pixels = np.where(codes > 0, _GREYS - 1 + codes, np.rint(shares * (_GREYS - 1)))
        picture = Image.fromarray(pixels.astype(np.uint8))
        picture.putpalette(_palette())
    else:
        picture = Image.fromarray(np.rint(shares * 255).astype(np.uint8))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _plane(values: Floats) -> Floats:
    while values.ndim > 2:
        values = values[len(values) // 2]
    plane = np.atleast_2d(values)
    if not plane.size:
        raise ValueError(f"a map of shape {values.shape} has no values to show")
    return plane


def _reduced(values: Floats, codes: Codes) -> tuple[Floats, Codes]:
    """Means over blocks (of their finite values alone) and the largest code of each block."""
    largest = max(values.shape)
    if largest <= LARGEST_SIDE:
        return values, codes
    finite = codes == 0
    sums, counts = np.where(finite, values, 0.0), finite.astype(np.float64)
    for axis, side in enumerate(values.shape):
        blocks = max(1, round(side * LARGEST_SIDE / largest))
        starts = np.arange(blocks) * side // blocks
        sums = np.add.reduceat(sums, starts, axis=axis)
        counts = np.add.reduceat(counts, starts, axis=axis)
        codes = np.maximum.reduceat(codes, starts, axis=axis)
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0), codes


def _shares(values: Floats, low: float, high: float) -> Floats:
    """Where each value lies between `low` (0) and `high` (1)."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return np.zeros(values.shape)
    # Halved, so that the range of the largest floats does not overflow.
    clipped = np.clip(np.nan_to_num(values, nan=low), low, high)
    return (clipped / 2 - low / 2) / (high / 2 - low / 2)


def _palette() -> bytes:
    greys = np.rint(np.linspace(0, 255, _GREYS)).astype(np.uint8).repeat(3).tobytes()
    return greys + bytes((*BELOW_COLOUR, *ABOVE_COLOUR, *NAN_COLOUR))
