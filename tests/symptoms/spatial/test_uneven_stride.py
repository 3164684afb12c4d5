"""S30: pixels that nobody reads, and none of the arithmetic that loses nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snellen.core import Window, WindowKind
from snellen.symptoms.spatial.uneven_stride import UnevenStride
from symptoms.build import UNHARMED, grade, sentence, subject
from symptoms.geometric import (
    FLATTEN,
    UNKNOWN,
    max_pool,
    mean_pool,
    network,
    seen,
    shift_response,
    sliding,
    window,
)

NOT_BLANK = seen("", shift_response(0.9, blank=False))
BLANK = seen("", shift_response(0.9, 0.9, 0.9, 0.9, blank=True))


def pooled(image: int, kernel: int, **changes: object) -> object:
    """A mean over the first `kernel` rows and columns, then a dense layer."""
    return network(image, sliding(1), mean_pool(kernel), last=FLATTEN, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "kernel", "expected"),
    [
        pytest.param(8, 8, "clear", id="all"),
        pytest.param(16, 14, "clear", id="23% lost"),
        pytest.param(14, 12, "warning", id="27% lost"),
    ],
)
def test_both_sides_of_the_limit(image: int, kernel: int, expected: str) -> None:
    assert grade(UnevenStride(), pooled(image, kernel), "") == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kernel", "expected"), [(13, "note"), (12, "warning")], ids=["34% lost", "44% lost"]
)
def test_losing_much_of_every_image_is_harm_itself(kernel: int, expected: str) -> None:
    watched = pooled(16, kernel, history=NOT_BLANK)
    assert grade(UnevenStride(), watched, "", UNHARMED) == expected  # type: ignore[arg-type]


def test_unless_the_borders_are_blank_or_not_known() -> None:
    for history in (BLANK, {}):
        watched = pooled(16, 9, history=history)
        assert grade(UnevenStride(), watched, "", UNHARMED) == "note"  # type: ignore[arg-type]


def test_a_blank_rim_holds_nothing_to_read() -> None:
    assert grade(UnevenStride(), pooled(16, 12, history=BLANK), "") == "clear"  # type: ignore[arg-type]
    assert grade(UnevenStride(), pooled(16, 11, history=BLANK), "") == "warning"  # type: ignore[arg-type]


def test_sentence() -> None:
    assert sentence(UnevenStride(), pooled(8, 5)) == (  # type: ignore[arg-type]
        "61% of the pixels of every image never reach the answer: the last 3 of 8 rows and the "
        "last 3 of 8 columns (allowed: 25%)"
    )


def test_a_stride_larger_than_the_kernel_skips_pixels() -> None:
    watched = network(8, sliding(1, 2, padding=0))
    assert sentence(UnevenStride(), watched) == (
        "75% of the pixels of every image never reach the answer: 4 of 8 rows and 4 of 8 columns "
        "(allowed: 25%)"
    )


@pytest.mark.parametrize(
    ("image", "steps"),
    [
        pytest.param(224, [sliding(3, 2)] * 5, id="224 halved five times loses padding alone"),
        pytest.param(224, [sliding(7, 2), max_pool(3, 2), *[sliding(3, 2)] * 3], id="ResNet"),
        pytest.param(227, [sliding(11, 4, 2), max_pool(3, 2), sliding(5)], id="AlexNet"),
        pytest.param(
            28,
            [sliding(3, 1, 0), max_pool(), sliding(3, 1, 0), max_pool(), sliding(3, 1, 0)],
            id="the usual network for MNIST",
        ),
        pytest.param(
            28,
            [sliding(3), max_pool(), sliding(3), max_pool(), sliding(3), max_pool()],
            id="7 pooled to 3",
        ),
    ],
)
def test_what_every_network_has(image: int, steps: list[Window]) -> None:
    assert grade(UnevenStride(), network(image, *steps, last=FLATTEN), "") == "clear"


def test_a_crop_is_meant() -> None:
    crop = window(WindowKind.CROP, 1, 1, padding=-4)
    watched = network(16, replace(crop, kernel=(), stride=()), sliding(3))
    assert grade(UnevenStride(), watched, "") == "silent"


def test_answers_whose_grid_lies_askew() -> None:
    causal = sliding(9, 2, 0).__class__
    shifted = causal(WindowKind.CONV, (9, 9), (2, 2), (1, 1), (8, 8), (0, 0))
    watched = network(32, shifted, sliding(1), last=None)
    assert sentence(UnevenStride(), watched) == (
        "the grid of answers lies 4.5 pixels off the image's middle, 2.25 of its own positions "
        "(allowed: 0.75)"
    )
    even = network(32, sliding(3, 2), sliding(3), last=None)
    assert grade(UnevenStride(), even, "") == "clear"


def test_unknown_structure_is_not_judged() -> None:
    assert grade(UnevenStride(), network(8, UNKNOWN, sliding(3)), "") == "undecided"
    assert grade(UnevenStride(), subject(), "") == "silent"
