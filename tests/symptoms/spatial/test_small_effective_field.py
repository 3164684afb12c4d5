"""S32: what has influence is far smaller than what could have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snellen.record import Subject
from snellen.symptoms.spatial.small_effective_field import SmallEffectiveField
from symptoms.build import UNHARMED, grade, sentence, subject
from symptoms.geometric import FLATTEN, UNKNOWN, effective_field, network, seen, sliding

WIDE = [sliding(3)] * 20
"""See 41 pixels."""


def measured(side: int, image: int = 64) -> Subject:
    return network(image, *WIDE, history=seen("conv19", effective_field(side, image)))


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        pytest.param(9, "warning", id="9 of 64"),
        pytest.param(10, "clear", id="10 of 64"),
        pytest.param(21, "clear", id="half of the field, as usual"),
        pytest.param(0, "undecided", id="no gradient at all"),
    ],
)
def test_both_sides_of_the_limit(side: int, expected: str) -> None:
    assert grade(SmallEffectiveField(), measured(side), "conv19") == expected


def test_sentence() -> None:
    assert sentence(SmallEffectiveField(), measured(3)) == (
        "3 pixels along a side have influence on the middle of the last maps (64 images), of 41 "
        "that it could see and 64 that there are (allowed: at least 15%)"
    )


def test_without_harm_it_is_a_note() -> None:
    assert grade(SmallEffectiveField(), measured(3), "conv19", UNHARMED) == "note"


def test_what_could_not_see_far_is_not_blamed() -> None:
    history = seen("conv1", effective_field(3))
    assert grade(SmallEffectiveField(), network(64, *WIDE[:2], history=history), "conv1") == "clear"


def test_a_third_of_what_it_could_see_is_usual() -> None:
    layers = [sliding(3)] * 6  # 13 of 24 pixels
    for side, expected in ((3, "warning"), (5, "clear")):
        history = seen("conv5", effective_field(side, 24))
        watched = network(24, *layers, history=history)
        assert grade(SmallEffectiveField(), watched, "conv5") == expected


def test_flattened_maps_need_not_see_far() -> None:
    history = seen("conv19", effective_field(3))
    watched = network(64, *WIDE, last=FLATTEN, history=history)
    assert grade(SmallEffectiveField(), watched, "conv19") == "silent"


def test_of_a_sum_the_last_branch_that_was_measured_stands_for_it() -> None:
    chain = network(64, *WIDE).layers
    before, summed, final = chain[-3], chain[-2], chain[-1]
    summed = replace(summed, inputs=(before.name,), paths=((),))
    history = seen(before.name, effective_field(3))
    watched = subject(
        *chain[:-2], summed, final, history=history, facts={"image_shape": [1, 64, 64]}
    )
    assert grade(SmallEffectiveField(), watched, before.name) == "warning"


def test_without_a_measurement_nothing_is_decided() -> None:
    assert grade(SmallEffectiveField(), network(64, *WIDE), "conv19") == "undecided"
    assert grade(SmallEffectiveField(), network(64, UNKNOWN, *WIDE), "conv19") == "silent"
    assert grade(SmallEffectiveField(), subject(), "") == "silent"
