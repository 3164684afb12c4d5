"""A map's picture shows the map."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from snellen.record.pictures import (
    ABOVE_COLOUR,
    BELOW_COLOUR,
    LARGEST_SIDE,
    NAN_COLOUR,
    png,
)


def picture(values: np.ndarray, low: float = 0.0, high: float = 1.0) -> Image.Image:
    data = png(values, low, high)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return Image.open(io.BytesIO(data))


def test_low_is_black_high_is_white_and_the_rest_is_linear() -> None:
    values = np.array([[-7.0, -2.0, -1.0], [0.0, 2.0, 99.0]])

    image = picture(values, low=-2.0, high=2.0)

    assert image.mode == "L"
    assert np.asarray(image).tolist() == [[0, 0, 64], [128, 255, 255]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
def test_any_type_of_number(dtype: type) -> None:
    image = picture(np.array([[0, 1]], dtype))

    assert np.asarray(image).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 1), (1, 1)),
        ((), (1, 1)),
        ((7,), (7, 1)),
        ((200,), (64, 1)),
        ((7, 5), (5, 7)),
        ((64, 64), (64, 64)),
        ((65, 65), (64, 64)),
        ((224, 112), (32, 64)),
        ((2, 1000), (64, 1)),
        ((9, 4, 6), (6, 4)),
        ((3, 9, 4, 6), (6, 4)),
    ],
)
def test_size_in_pixels(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    assert picture(np.zeros(shape)).size == size


def test_of_a_3d_map_the_middle_slice_is_shown() -> None:
    values = np.zeros((5, 2, 2))
    values[2] = 1.0

    assert np.asarray(picture(values)).tolist() == [[255, 255], [255, 255]]


def test_a_large_map_is_averaged_block_by_block() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(128, 256))

    image = picture(values)

    blocks = values.reshape(32, 4, 64, 4).mean(axis=(1, 3))
    np.testing.assert_array_equal(np.asarray(image), np.rint(blocks * 255))


def test_a_size_that_is_no_multiple_keeps_every_position() -> None:
    """Each position counts in exactly one pixel."""
    side = LARGEST_SIDE + 5
    for position in range(side):
        values = np.zeros(side)
        values[position] = 1.0
        row = np.asarray(picture(values))[0]
        assert np.count_nonzero(row) == 1
        assert row.max() in (255, 128)


def test_what_is_not_finite_has_a_colour() -> None:
    values = np.array([[np.nan, np.inf, -np.inf], [0.0, 0.5, 1.0]])

    image = picture(values)

    pixels = np.asarray(image.convert("RGB"))
    assert image.mode == "P"
    assert [tuple(x) for x in pixels[0]] == [NAN_COLOUR, ABOVE_COLOUR, BELOW_COLOUR]
    assert [tuple(x) for x in pixels[1]] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


@pytest.mark.parametrize(
    ("value", "colour"), [(np.nan, NAN_COLOUR), (np.inf, ABOVE_COLOUR), (-np.inf, BELOW_COLOUR)]
)
def test_one_position_that_is_not_finite_shows_in_a_large_map(
    value: float, colour: tuple[int, int, int]
) -> None:
    values = np.full((256, 256), 0.5)
    values[101, 203] = value

    pixels = np.asarray(picture(values).convert("RGB"))

    assert tuple(pixels[25, 50]) == colour
    assert (pixels == colour).all(axis=2).sum() == 1
    assert tuple(pixels[25, 51]) == (128, 128, 128)


@pytest.mark.parametrize(
    ("low", "high"), [(3.0, 3.0), (np.nan, 1.0), (0.0, np.inf), (np.inf, -np.inf), (2.0, 1.0)]
)
def test_without_a_scale_it_is_black(low: float, high: float) -> None:
    assert np.asarray(picture(np.full((2, 2), 3.0), low, high)).tolist() == [[0, 0], [0, 0]]


def test_the_largest_floats_do_not_overflow() -> None:
    most = np.finfo(np.float64).max

    assert np.asarray(picture(np.array([-most, 0.0, most]), -most, most)).tolist() == [
        [0, 128, 255]
    ]


def test_a_map_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        png(np.zeros((0, 4)), 0.0, 1.0)
