"""The map table against exactly rounded sums, whatever the layout, the dtype and the values."""

from __future__ import annotations

import functools
import operator
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plain
from snellen.stats import MapSummary, kernels

Maps = np.ndarray[Any, Any]
Table = Callable[..., Maps]


def to_bfloat16(values: Maps) -> Maps:
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def from_bfloat16(bits: Maps) -> Maps:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def check(table: Table, maps: Maps, low: float = -0.5, high: float = 0.5, **options: Any) -> None:
    """Extremes and counts exactly; sums to float32's precision of what they are made of."""
    got = table(maps, low, high, **options)
    seen = from_bfloat16(maps) if options.get("bfloat16") else maps
    expected = plain.map_table(seen, low, high)
    assert got.dtype == np.float64
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got[..., 3:], expected[..., 3:])
    np.testing.assert_allclose(got[..., 1:3], expected[..., 1:3], rtol=1e-6)
    assert (np.abs(got[..., 0] - expected[..., 0]) <= 1e-6 * expected[..., 2]).all()


@pytest.fixture(params=["compiled", "numpy"])
def table(request: pytest.FixtureRequest) -> Table:
    if request.param == "numpy":
        return kernels.map_table_numpy
    if not kernels.COMPILED:
        pytest.skip(str(kernels.reason_not_compiled))
    return kernels.map_table


SHAPES = [(2, 3), (2, 11), (3, 3, 1), (2, 9, 17), (2, 5, 7, 7), (1, 16, 9, 5), (2, 3, 2, 3, 4)]
LAYOUTS: dict[str, Callable[[Maps], Maps]] = {
    "channels first": lambda m: m,
    "channels last": lambda m: np.moveaxis(np.ascontiguousarray(np.moveaxis(m, 1, -1)), -1, 1),
    "every second position": lambda m: np.repeat(m, 2, axis=-1)[..., ::2],
    "inner positions": lambda m: np.pad(m, [(0, 0), (0, 0), *[(1, 1)] * (m.ndim - 2)])[
        (slice(None), slice(None), *[slice(1, -1)] * (m.ndim - 2))
    ],
    "some of the channels": lambda m: np.concatenate([m, m, m], axis=1)[:, : m.shape[1]],
    "backwards": lambda m: m[::-1, ::-1, ...],
    "transposed positions": lambda m: m.swapaxes(-1, 2) if m.ndim > 2 else m,
    "images and channels swapped": lambda m: m.swapaxes(0, 1),
    "one image seen twice": lambda m: np.broadcast_to(m[:1], m.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, "bfloat16"])
def test_any_layout_and_dtype(
    rng: np.random.Generator, table: Table, shape: tuple[int, ...], dtype: Any, layout: str
) -> None:
    values = rng.normal(size=shape)
    bfloat16 = dtype == "bfloat16"
    maps = LAYOUTS[layout](to_bfloat16(values) if bfloat16 else values.astype(dtype))

    check(table, maps, bfloat16=bfloat16)


@pytest.mark.parametrize("channels", [1, 8, 13], ids="{} channels".format)
def test_every_length_of_row(rng: np.random.Generator, table: Table, channels: int) -> None:
    for positions in range(1, 71):
        maps = rng.normal(size=(2, channels, positions)).astype(np.float32)
        for layout in ("channels first", "channels last"):
            check(table, LAYOUTS[layout](maps))


@pytest.mark.parametrize("channels", [255, 256, 257, 263, 264, 300, 520])
def test_every_number_of_channels(rng: np.random.Generator, table: Table, channels: int) -> None:
    maps = rng.normal(size=(2, channels, 3)).astype(np.float32)
    check(table, LAYOUTS["channels last"](maps))


def test_rows_of_many_thousand_values(rng: np.random.Generator, table: Table) -> None:
    # A mean far from zero: float32 summed one by one would be off by 1e-4 of it.
    maps = (rng.normal(size=(1, 9, 150, 101)) + 10).astype(np.float32)
    for layout in ("channels first", "channels last", "transposed positions"):
        check(table, LAYOUTS[layout](maps), low=9.5, high=11)


@pytest.mark.parametrize("shape", [(0, 3, 2, 2), (2, 0, 2), (2, 3, 0), (0, 0)], ids=str)
def test_nothing_to_see(table: Table, shape: tuple[int, ...]) -> None:
    got = table(np.zeros(shape, np.float32), 0.0, 0.0)

    assert got.shape == (*shape[:2], 8)
    assert (got == [0, 0, 0, np.inf, -np.inf, 0, 0, 0]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, "bfloat16"])
@pytest.mark.parametrize("layout", ["channels first", "channels last", "inner positions"])
def test_a_value_that_is_not_finite_is_counted_and_left_out_wherever_it_is(
    rng: np.random.Generator, table: Table, bad: float, dtype: Any, layout: str
) -> None:
    bfloat16 = dtype == "bfloat16"
    for positions in (1, 7, 8, 9, 37):
        values = rng.normal(size=(positions, 9, positions))
        values[np.arange(positions), 4, np.arange(positions)] = bad
        maps = to_bfloat16(values) if bfloat16 else values.astype(dtype)

        check(table, LAYOUTS[layout](maps), bfloat16=bfloat16)


def test_a_map_without_a_finite_value(table: Table) -> None:
    got = table(np.full((1, 1, 3), np.nan, np.float32), 0.0, 0.0)

    assert got.tolist() == [[[0, 0, 0, np.inf, -np.inf, 0, 0, 3]]]


@pytest.mark.parametrize("size", [1e38, 1e25, 1e18, 1e-12, 1e-18, 1e-25, 1e-30, 1e-38, 1e-43])
@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_values_whose_squares_float32_cannot_hold(
    rng: np.random.Generator, table: Table, size: float, layout: str
) -> None:
    maps = (rng.uniform(0.5, 2, size=(2, 8, 6, 7)) * size).astype(np.float32)
    check(table, LAYOUTS[layout](maps), low=size, high=size)


def test_squares_that_float64_cannot_hold(table: Table) -> None:
    assert table(np.full((1, 1, 2), 1e200), 0.0, 0.0)[0, 0, 1] == np.inf


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rail", [0.0, 0.5, 0.975, 0.0127, -0.1, 1e-50, 1e39, -1e39])
def test_rails_are_strict_and_exact(table: Table, dtype: Any, rail: float) -> None:
    """A value is beyond a rail only if it is so as a real number, whatever the rail rounds to."""
    with np.errstate(over="ignore"):
        near = dtype(rail)
        values = np.array([near, np.nextafter(near, dtype(9)), np.nextafter(near, dtype(-9))])
    check(table, np.tile(values, (1, 8, 3)), low=rail, high=rail)


def test_without_rails_nothing_is_beyond_them(rng: np.random.Generator, table: Table) -> None:
    check(table, rng.normal(size=(2, 9, 30)).astype(np.float32), low=-np.inf, high=np.inf)


@pytest.mark.parametrize("low", [0.0, -np.inf])
def test_zeros_are_on_the_rail(table: Table, low: float) -> None:
    got = table(np.array([[[0.0, -0.0] * 9]], np.float32), low, 0.0)
    assert got[0, 0, 5:7].tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int32, np.int64, ">f4"])
def test_other_numbers_are_converted(rng: np.random.Generator, table: Table, dtype: str) -> None:
    check(table, rng.integers(0, 100, size=(2, 3, 5)).astype(dtype), low=1, high=50)


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        (np.zeros(3, np.float32), r"shape \(3,\)"),
        (np.zeros((1,) * 6, np.float32), "position axes"),
        (np.zeros((1, 1), complex), "complex128"),
    ],
)
def test_says_what_it_cannot_measure(table: Table, maps: Maps, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        table(maps, 0.0, 0.0)


def test_bfloat16_must_come_as_bits(table: Table) -> None:
    with pytest.raises(ValueError, match="bits"):
        table(np.zeros((1, 1), np.float32), 0.0, 0.0, bfloat16=True)


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_threads_change_nothing(rng: np.random.Generator, layout: str) -> None:
    maps = LAYOUTS[layout](rng.normal(size=(9, 16, 40, 41)).astype(np.float32))
    alone = kernels.map_table(maps, 0.0, 0.0, threads=1)
    for threads in (None, 2, 3, 4, 100):
        np.testing.assert_array_equal(kernels.map_table(maps, 0.0, 0.0, threads=threads), alone)


def test_no_copy_of_a_view_and_no_write_to_it(rng: np.random.Generator, table: Table) -> None:
    maps = rng.normal(size=(2, 3, 5, 5)).astype(np.float32)
    before = maps.copy()
    maps.flags.writeable = False
    check(table, maps[:, :, 1:, ::2])
    np.testing.assert_array_equal(maps, before)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_summaries_merge_in_any_order(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    images = data.draw(st.integers(1, 12))
    maps = np.random.default_rng(seed).normal(size=(images, 3, 4, 5)).astype(np.float32)
    maps[data.draw(st.integers(0, images - 1)), 1] = np.nan
    cuts = sorted(data.draw(st.lists(st.integers(0, images), max_size=4)))
    pieces = data.draw(st.permutations(np.split(maps, cuts)))

    def summary(part: Maps) -> MapSummary:
        return MapSummary.of(kernels.map_table(part, -0.5, 0.5), positions=20)

    merged = functools.reduce(operator.add, [summary(piece) for piece in pieces])
    at_once = summary(maps)
    assert merged.images == images
    for name, value in vars(at_once).items():
        np.testing.assert_allclose(vars(merged)[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


def test_the_fallback_says_that_it_is_slow_and_how_to_change_that() -> None:
    code = (
        "from snellen.stats import kernels; import numpy as np\n"
        "print(kernels.COMPILED, kernels.map_table(np.ones((1, 1, 4)), 0, 0).tolist())\n"
        "print(kernels.reason_not_compiled)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SNELLEN_NO_KERNEL": "1"},
    )
    assert done.stdout.splitlines()[0] == "False [[[4.0, 4.0, 4.0, 1.0, 1.0, 0.0, 4.0, 0.0]]]"
    assert "SNELLEN_NO_KERNEL" in done.stdout
    assert "slower" in done.stdout


def test_columns_are_those_of_the_table() -> None:
    table = kernels.map_table(np.array([[[-3.0, 1.0, np.nan]]]), -1.0, 0.0)[0, 0]
    assert dict(zip(kernels.COLUMNS, table, strict=True)) == {
        "sum": -2.0,
        "squares": 10.0,
        "magnitudes": 4.0,
        "minimum": -3.0,
        "maximum": 1.0,
        "below": 1.0,
        "above": 1.0,
        "nonfinite": 1.0,
    }
