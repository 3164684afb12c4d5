"""S33: kernels on one position, large first strides on small images, coarse answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.core import Window
from snellen.record import Clock
from snellen.stats import Targets
from snellen.symptoms.spatial.maps_too_coarse import MapsTooCoarse
from symptoms.build import UNHARMED, grade, labels, sentence, subject
from symptoms.geometric import (
    UNKNOWN,
    max_pool,
    network,
    seen,
    shift_response,
    sliding,
)
from symptoms.richer import profile

HALVING = sliding(3, 2)


def per_position() -> dict[Any, Any]:
    empty = np.zeros(0)
    value = Targets("segmentation", 10, 10240, np.array([9000, 1240]), empty, empty)
    return {("", Targets, "", Clock.INLINE): [(1000, value)]}


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        pytest.param([], "clear", id="one position at the end"),
        pytest.param([sliding(3)], "clear", id="one convolution on it"),
        pytest.param([sliding(3)] * 2, "warning", id="two"),
        pytest.param([sliding(1)] * 4, "clear", id="1×1 on one position are meant"),
    ],
)
def test_convolutions_on_one_position(tail: list[Window], expected: str) -> None:
    watched = network(16, *[HALVING] * 4, *tail)
    assert (
        grade(MapsTooCoarse(), watched, "conv4" if expected == "warning" else "conv0") == expected
    )


def test_sentence_of_a_collapse() -> None:
    watched = network(16, *[HALVING] * 4, sliding(3), sliding(3), sliding(3))
    assert sentence(MapsTooCoarse(), watched) == (
        "3 convolutions read maps of one position (image 16×16): 8 of 9 taps of each kernel meet "
        "padding alone (allowed: 1 such layer)"
    )
    assert grade(MapsTooCoarse(), watched, "conv4", UNHARMED) == "note"


def test_maps_that_were_seen_to_be_larger_are_not_collapsed() -> None:
    history = seen("conv4", profile(side=4), "post") | seen("conv5", profile(side=4), "post")
    watched = network(16, *[HALVING] * 4, sliding(3), sliding(3), history=history)
    assert grade(MapsTooCoarse(), watched, "conv0") == "clear"


@pytest.mark.parametrize(
    ("image", "stem", "consistency", "expected"),
    [
        pytest.param(32, [sliding(3, 4)], None, "warning", id="4 on 32 pixels"),
        pytest.param(64, [sliding(7, 4)], None, "warning", id="4 on 64 pixels"),
        pytest.param(65, [sliding(7, 4)], None, "clear", id="larger images can afford it"),
        pytest.param(32, [sliding(3, 2)], None, "clear", id="2 is usual"),
        pytest.param(32, [max_pool(4), sliding(3)], None, "warning", id="pooled before"),
        pytest.param(32, [sliding(4, 4, 0)], 0.9, "clear", id="patches that do no harm"),
        pytest.param(32, [sliding(4, 4, 0)], 0.8, "warning", id="patches that do"),
    ],
)
def test_the_first_stride(
    image: int, stem: list[Window], consistency: float | None, expected: str
) -> None:
    history = {} if consistency is None else seen("", shift_response(consistency))
    watched = network(image, *stem, sliding(3), history=history)
    assert grade(MapsTooCoarse(), watched, "conv0") == expected


def test_sentence_of_a_first_stride_holds_both_what_was_computed_and_measured() -> None:
    watched = network(16, sliding(3, 4), history=seen("", shift_response(0.6)))
    assert sentence(MapsTooCoarse(), watched) == (
        "the first layer reads an image 16 pixels wide in strides of 4 (allowed: 2) and leaves "
        "4×4 positions; 60% of confident answers stay when it moves by 1 pixel"
    )


@pytest.mark.parametrize(("halvings", "expected"), [(3, "clear"), (4, "warning")])
def test_answers_per_position(halvings: int, expected: str) -> None:
    steps = [*[HALVING] * halvings, sliding(1)]
    watched = network(128, *steps, last=None, history=per_position())
    place = f"conv{halvings}" if expected == "warning" else "conv0"
    assert grade(MapsTooCoarse(), watched, place) == expected


def test_one_answer_per_image_may_come_from_coarse_maps() -> None:
    history = {("", Targets, "", Clock.INLINE): [(1000, labels(50, 50))]}
    watched = network(128, *[HALVING] * 5, sliding(1), last=None, history=history)
    assert grade(MapsTooCoarse(), watched, "conv0") == "clear"


def test_unknown_structure_is_not_judged() -> None:
    assert grade(MapsTooCoarse(), network(64, UNKNOWN, sliding(3)), "conv0") == "undecided"
    assert grade(MapsTooCoarse(), subject(), "") == "silent"
