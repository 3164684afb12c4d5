"""Pictures of one step side by side in one PNG: a page loads, and scrubs, tens instead of
thousands."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from snellen.record import Thumbnail
from snellen.report.html.thinning import spread_out
from snellen.report.parts.filters import Filters
from snellen.report.parts.pictures import Pictures, size

MOST_FILTERS = 64


@dataclass(frozen=True)
class Detail:
    """How much of the pictures a page has room for."""

    side: int
    """Pixels of a tile's larger side, at most."""
    steps: int
    """Steps of which pictures are shown, at most."""


DETAILS = (
    Detail(64, 10),
    Detail(48, 8),
    Detail(32, 8),
    Detail(32, 5),
    Detail(24, 5),
    Detail(24, 3),
    Detail(16, 3),
    Detail(12, 2),
)
"""From rich to poor; the first whose pictures fit is taken."""
ROOM = 500_000
"""Bytes of all sprites of maps in one page."""
BYTES_PER_PIXEL = 0.7
"""Of a map as PNG; noise takes 1, a map that is zero in most places 0.2."""


def fitting(layers: Sequence[Pictures], room: int = ROOM) -> Detail:
    """The most detail at which the pictures of all layers should fit into `room` bytes."""
    for detail in DETAILS[:-1]:
        pixels = 0
        for pictures in layers:
            for step in spread_out(sorted(pictures.steps), detail.steps):
                shown = pictures.steps[step]
                width, height = _scaled(size(next(iter(shown.values())).png), detail.side)
                pixels += width * height * len(shown)
        if pixels * BYTES_PER_PIXEL <= room:
            return detail
    return DETAILS[-1]


@dataclass(frozen=True)
class Sprite:
    """Tiles of one size, row by row."""

    columns: int
    rows: int
    width: int
    height: int
    """Of one tile, in pixels."""
    png: str
    """Base64."""


def map_sprite(pictures: Pictures, step: int, side: int) -> Sprite:
    """A row per image, a column per channel; tiles without a picture are black."""
    shown = pictures.steps[step]
    opened = {key: _opened(picture) for key, picture in shown.items()}
    # A palette marks values that are not finite by their colours.
    mode = "RGB" if any(image.mode == "P" for image in opened.values()) else "L"
    width, height = _scaled(next(iter(opened.values())).size, side)
    columns = {channel: place for place, channel in enumerate(pictures.channels)}
    rows = {image: place for place, image in enumerate(pictures.images)}
    sheet = Image.new(mode, (width * len(columns), height * len(rows)))
    for (image, channel), tile in opened.items():
        # Averaging would mix the colours of a palette; a picture that is not shrunk stays as it is.
        how = Image.Resampling.NEAREST if mode == "RGB" else Image.Resampling.BOX
        small = tile.convert(mode).resize((width, height), how)
        sheet.paste(small, (columns[channel] * width, rows[image] * height))
    return Sprite(len(columns), len(rows), width, height, _encoded(sheet))


def image_sprite(pictures: Pictures, side: int) -> Sprite | None:
    """The images themselves, one row; in colour where three channels were kept. `None` without
    any."""
    if not pictures.steps:
        return None
    shown = pictures.steps[max(pictures.steps)]
    images = pictures.images
    colour = len(pictures.channels) == 3
    width, height = _scaled(size(next(iter(shown.values())).png), side)
    sheet = Image.new("RGB" if colour else "L", (width * len(images), height))
    for place, image in enumerate(images):
        bands = [
            _opened(picture).convert("L").resize((width, height))
            for (number, _), picture in sorted(shown.items())
            if number == image
        ]
        whole = colour and len(bands) == 3
        tile = Image.merge("RGB", bands) if whole else bands[0].convert(sheet.mode)
        sheet.paste(tile, (place * width, 0))
    return Sprite(len(images), 1, width, height, _encoded(sheet))


def filter_sprite(filters: Filters) -> Sprite:
    """The first filters in one row, each pixel a weight: grey is zero, white and black are the
    largest magnitude. In colour for three inputs, otherwise the first input of each."""
    kernel = filters.kernel[:MOST_FILTERS]
    colour = kernel.shape[1] == 3
    planes = kernel if colour else kernel[:, :1]
    largest = float(np.nanmax(np.abs(np.nan_to_num(planes)), initial=0.0)) or 1.0
    codes = np.clip(np.rint(127.5 + 127.5 * np.nan_to_num(planes) / largest), 0, 255)
    count, _, height, width = planes.shape
    strip = codes.transpose(2, 0, 3, 1).reshape(height, count * width, planes.shape[1])
    pixels = strip.astype(np.uint8)
    sheet = Image.fromarray(pixels if colour else pixels[:, :, 0])
    return Sprite(count, 1, width, height, _encoded(sheet))


def _opened(picture: Thumbnail) -> Image.Image:
    """Black where the picture is damaged."""
    try:
        image = Image.open(io.BytesIO(picture.png), formats=["PNG"])
        image.load()
    except (OSError, SyntaxError, ValueError):
        return Image.new("L", size(picture.png))
    return image


def _scaled(whole: tuple[int, int], side: int) -> tuple[int, int]:
    factor = min(1.0, side / max(whole))
    return max(1, round(whole[0] * factor)), max(1, round(whole[1] * factor))


def _encoded(sheet: Image.Image) -> str:
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=9)
    return base64.b64encode(out.getvalue()).decode()
