"""Pictures side by side: the same pixels, in their places."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from snellen.record import Thumbnail
from snellen.record.pictures import NAN_COLOUR, png
from snellen.report.html.sprites import (
    DETAILS,
    Sprite,
    filter_sprite,
    fitting,
    image_sprite,
    map_sprite,
)
from snellen.report.parts.filters import Filters
from snellen.report.parts.pictures import Pictures


def pictures(*shown: tuple[int, int, int, np.ndarray]) -> Pictures:
    """Each `(step, image, channel, values)`, on a scale from 0 to 1."""
    steps: dict[int, dict[tuple[int, int], Thumbnail]] = {}
    for step, image, channel, values in shown:
        one = Thumbnail("Net", "c", step, image, channel, 0.0, 1.0, png(values, 0.0, 1.0))
        steps.setdefault(step, {})[image, channel] = one
    return Pictures(steps)


def pixels(sprite: Sprite) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(sprite.png))))


def tile(sprite: Sprite, row: int, column: int) -> np.ndarray:
    height, width = sprite.height, sprite.width
    return pixels(sprite)[row * height : (row + 1) * height, column * width : (column + 1) * width]


def test_each_map_has_its_own_place(rng: np.random.Generator) -> None:
    maps = {(i, c): rng.random((5, 7)) for i in (0, 3) for c in (1, 4, 6)}
    sprite = map_sprite(pictures(*((9, i, c, m) for (i, c), m in maps.items())), 9, side=64)
    assert (sprite.rows, sprite.columns, sprite.width, sprite.height) == (2, 3, 7, 5)
    for row, image in enumerate((0, 3)):
        for column, channel in enumerate((1, 4, 6)):
            expected = np.rint(maps[image, channel] * 255)
            assert (tile(sprite, row, column) == expected).all()


def test_larger_maps_are_averaged_down() -> None:
    values = np.array([[0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0]])
    sprite = map_sprite(pictures((0, 0, 0, values)), 0, side=2)
    assert tile(sprite, 0, 0).tolist() == [[128, 255]]


def test_values_that_are_not_finite_keep_their_colours() -> None:
    values = np.array([[0.0, np.nan], [1.0, 0.5]])
    sprite = map_sprite(pictures((0, 0, 0, values), (0, 0, 1, values * 0)), 0, side=64)
    shown = tile(sprite, 0, 0)
    assert tuple(shown[0, 1]) == NAN_COLOUR
    assert tuple(shown[1, 0]) == (255, 255, 255)


def test_images_of_three_channels_are_shown_in_colour() -> None:
    red, none = np.ones((4, 4)), np.zeros((4, 4))
    sprite = image_sprite(pictures((7, 5, 0, red), (7, 5, 1, none), (7, 5, 2, none)), 64)
    assert sprite is not None
    assert (pixels(sprite) == (255, 0, 0)).all()
    grey = image_sprite(pictures((7, 5, 0, red)), 64)
    assert grey is not None
    assert (pixels(grey) == 255).all()
    assert image_sprite(pictures(), 64) is None


def test_a_filter_is_grey_where_it_is_zero() -> None:
    kernel = np.zeros((2, 1, 2, 3), np.float32)
    kernel[1, 0] = [[4, -4, 0], [2, np.nan, 0]]
    sprite = filter_sprite(Filters(0, kernel))
    assert (sprite.columns, sprite.width, sprite.height) == (2, 3, 2)
    assert (tile(sprite, 0, 0) == 128).all()
    assert tile(sprite, 0, 1).tolist() == [[255, 0, 128], [191, 128, 128]]


def test_filters_of_three_inputs_are_shown_in_colour() -> None:
    kernel = np.zeros((1, 3, 1, 1), np.float32)
    kernel[0, :, 0, 0] = [1, -1, 0]
    assert pixels(filter_sprite(Filters(0, kernel))).tolist() == [[[255, 0, 128]]]


def test_detail_is_what_there_is_room_for(rng: np.random.Generator) -> None:
    many = pictures(
        *((s, i, c, rng.random((64, 64))) for s in range(4) for i in (0, 1) for c in (0, 1))
    )
    assert fitting([many]) == DETAILS[0]
    details = [fitting([many] * layers) for layers in (1, 10, 100, 1000, 10_000)]
    places = [DETAILS.index(detail) for detail in details]
    assert places == sorted(places)
    assert places[-1] == len(DETAILS) - 1
    small = pictures((0, 0, 0, rng.random((4, 4))))
    assert fitting([small] * 1000) == DETAILS[0]


def test_a_damaged_picture_is_black_and_no_error() -> None:
    whole = pictures((0, 0, 0, np.ones((4, 4))), (0, 0, 1, np.ones((4, 4))))
    broken = dict(whole.steps[0])
    broken[0, 1] = replace(broken[0, 1], png=broken[0, 1].png[:40])
    sprite = map_sprite(Pictures({0: broken}), 0, 64)
    assert (tile(sprite, 0, 0) == 255).all()
    assert (tile(sprite, 0, 1) == 0).all()
