"""S27: a lattice that is both in the structure and in the maps, and not in the image."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import Window, WindowKind
from snellen.record import Subject
from snellen.stats import SpatialProfile
from snellen.symptoms.spatial.checkerboard_maps import CheckerboardMaps, growths
from symptoms.build import UNHARMED, finding, grade, sentence
from symptoms.geometric import network, seen, sliding, transposed
from symptoms.richer import profile

DOWN, UNEVEN = sliding(3, 2), transposed(3, 2)


def decoder(
    last: Window = UNEVEN,
    *,
    share: float = 0.4,
    periods: tuple[int, ...] = (2, 4),
    step: int = 1000,
    side: int = 32,
    layer: str = "conv1",
    part: str = "pre",
) -> Subject:
    """An encoder and a decoder whose output is the last layer's maps, of this phase share."""
    maps = profile(side=side, periods=periods, phase_shares=share)
    history = seen(layer, maps, part, step)
    return network(side, DOWN, last, last=None, history=history)


def hidden(share: float, last: Window = UNEVEN) -> Subject:
    history = seen("conv1", profile(side=32, phase_shares=share), "post")
    return network(32, DOWN, last, sliding(3), last=None, history=history)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.049, "clear", id="below"),
        pytest.param(0.05, "warning", id="5%"),
        pytest.param(0.9, "warning", id="all"),
        pytest.param(float("nan"), "clear", id="no pattern at all"),
    ],
)
def test_both_sides_of_the_limit(share: float, expected: str) -> None:
    assert grade(CheckerboardMaps(), decoder(share=share), "conv1") == expected


def test_sentence() -> None:
    assert sentence(CheckerboardMaps(), decoder()) == (
        "a lattice of period 2 makes 40% of the variance of the mean output (allowed: 5%): "
        "kernel 3, stride 2, so positions get unequal numbers of taps"
    )


def test_a_spoilt_output_is_itself_the_harm() -> None:
    assert grade(CheckerboardMaps(), decoder(), "conv1", UNHARMED) == "warning"
    assert grade(CheckerboardMaps(), hidden(0.4), "conv1", UNHARMED) == "note"
    assert grade(CheckerboardMaps(), hidden(0.4), "conv1") == "warning"


def test_an_output_behind_uneven_windows_is_spoilt_by_them() -> None:
    history = seen("conv2", profile(side=32, phase_shares=0.3), "pre")
    watched = network(32, DOWN, transposed(3, 2), sliding(3), last=None, history=history)
    assert "kernel 3, stride 2" in finding(CheckerboardMaps(), watched).evidence.sentence()


def test_before_training_every_transposed_convolution_shows_it() -> None:
    assert grade(CheckerboardMaps(), decoder(step=0), "conv1") == "undecided"
    assert grade(CheckerboardMaps(), decoder(step=50), "conv1") == "undecided"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.49, "clear"), (0.51, "note")], ids=["below", "above"]
)
def test_even_windows_may_show_more(share: float, expected: str) -> None:
    even = decoder(transposed(4, 2, 1), share=share)
    assert grade(CheckerboardMaps(), even, "conv1") == expected
    assert grade(CheckerboardMaps(), even, "conv1", UNHARMED) == expected


def test_even_windows_inside_are_left_alone() -> None:
    assert grade(CheckerboardMaps(), hidden(0.9, transposed(2, 2)), "conv1") == "silent"


def test_a_kernel_that_is_a_multiple_but_of_one_axis() -> None:
    uneven = transposed((4, 3), 2)  # type: ignore[arg-type]
    assert grade(CheckerboardMaps(), decoder(uneven), "conv1") == "warning"


def test_networks_without_growth_do_not_apply() -> None:
    history = seen("conv1", profile(side=32, phase_shares=0.9), "post")
    watched = network(32, DOWN, sliding(3), history=history)
    assert grade(CheckerboardMaps(), watched, "conv1") == "silent"


def test_only_periods_that_growth_can_make_count() -> None:
    # Fabric of period 4 in the images is not the work of a stride of 2.
    assert grade(CheckerboardMaps(), decoder(periods=(4,)), "conv1") == "clear"


@pytest.mark.parametrize(
    ("side", "share", "expected"),
    [
        pytest.param(8, 0.4, "clear", id="small maps repeat by chance"),
        pytest.param(8, 0.6, "warning", id="but not as much"),
        pytest.param(6, 0.9, "clear", id="three periods are no lattice"),
    ],
)
def test_small_maps(side: int, share: float, expected: str) -> None:
    assert grade(CheckerboardMaps(), decoder(side=side, share=share), "conv1") == expected


def test_without_a_look_nothing_is_decided() -> None:
    watched = network(32, DOWN, transposed(3, 2), last=None)
    assert grade(CheckerboardMaps(), watched, "conv1") == "undecided"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([transposed(3, 2)], {2}, id="its own stride"),
        pytest.param([transposed(2, 2), transposed(2, 2)], {2, 4}, id="those before it grow"),
        pytest.param([transposed(4, 4), sliding(3, 2)], {2}, id="strides shrink them"),
        pytest.param([transposed(2, 2), sliding(3, 2)], set(), id="or undo them"),
        pytest.param(
            [Window(WindowKind.PIXEL_SHUFFLE, stride=(2, 2)), sliding(3)], {2}, id="pixel shuffle"
        ),
        pytest.param(
            [transposed(2, 2), Window(WindowKind.UPSAMPLE, stride=(2, 2)), sliding(3)],
            {4},
            id="repetition makes none of its own",
        ),
    ],
)
def test_periods(steps: list[Any], expected: set[int]) -> None:
    layers = network(16, *steps).layers
    assert growths(layers)[layers[-2].name] == expected
    assert growths(layers)["head"] == frozenset()


def test_reads_the_profile() -> None:
    assert CheckerboardMaps.reads == (SpatialProfile,)
