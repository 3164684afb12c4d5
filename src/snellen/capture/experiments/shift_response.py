"""Does the answer stay when the image moves by a few pixels?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array
from snellen.capture.experiments.asked import Asked
from snellen.stats import ShiftResponse

IMAGES = 192
FORWARDS = {"answer": 9.0}
MOST_PIXELS = 4
SHARE = 8
"""An image is moved by at most an eighth of its shorter side."""
SURE = 0.2
"""Margin between the two most probable classes of an image that is counted."""
BLANK_IMAGES = 0.99
"""Share of images whose border must be constant for all to count as such."""

Floats = npt.NDArray[np.float64]


def shift_response(asked: Asked, images: int) -> Iterator[tuple[str, ShiftResponse]]:
    """Moved by one pixel and more, along each spatial axis in turn; what leaves on one side comes
    in on the other."""
    first = asked.pixels(asked.first(1))
    if first is None:
        return
    moves = moves_of(first.shape[2:])
    kept = np.zeros(len(moves))
    sure, total, blank = 0, 0, 0
    for chunk in asked.some(images):
        if asked.late and total:
            break
        pixels = asked.pixels(chunk)
        before = asked.shares(asked.answer(chunk)[0], chunk)
        if before is None or pixels is None or before.shape[1] < 2:
            return
        ordered = np.sort(before, axis=1)
        counted = ordered[:, -1] - ordered[:, -2] > SURE
        sure += int(counted.sum())
        total += chunk.images
        blank += int(blank_border(pixels, max(pixel for _, pixel in moves)).sum())
        for i, (axis, pixel) in enumerate(moves):
            moved = asked.instead(chunk, np.roll(pixels, pixel, axis=axis))
            after = asked.shares(asked.answer(chunk, moved)[0], chunk)
            if after is None:
                return
            same = after.argmax(axis=1) == before.argmax(axis=1)
            kept[i] += int((same & counted).sum())
    yield (
        "",
        ShiftResponse(
            images=sure,
            shifts=np.array([pixel for _, pixel in moves], np.int64),
            consistency=kept / sure if sure else np.full(len(moves), np.nan),
            blank_border=blank >= BLANK_IMAGES * total,
        ),
    )


def moves_of(sides: tuple[int, ...]) -> list[tuple[int, int]]:
    """Axis of the images and pixels to move along it."""
    most = max(1, min(MOST_PIXELS, min(sides) // SHARE))
    return [
        (axis + 2, pixel)
        for axis, side in enumerate(sides)
        if side > 2 * most
        for pixel in range(1, most + 1)
    ] or [(2, 1)]


def blank_border(images: Array, width: int) -> npt.NDArray[np.bool_]:
    """Shape `(images,)`: whether each channel is one value all over a frame of that width."""
    inside = (slice(width, -width) if n > 2 * width else slice(0, 0) for n in images.shape[2:])
    frame = np.ones(images.shape[2:], np.bool_)
    frame[tuple(inside)] = False
    border = images[:, :, frame]
    return (border == border[:, :, :1]).all(axis=(1, 2))
