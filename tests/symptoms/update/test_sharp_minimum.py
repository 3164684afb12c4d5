"""S21: steps too long for the valley, and the edge of stability, which is normal."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.symptoms.update.sharp_minimum import SharpMinimum
from symptoms.build import HARMED, UNHARMED, conv, grade, head, moment, sentence, subject
from symptoms.wired import CLASSES, CROSS_ENTROPY, LEARNT, STUCK, sharpness

SGD = {"optimizer": "SGD", "learning_rate": 0.1}
"""It can settle in curvatures up to 20."""
FLAT = (2.0, 1.99, 1.98, 1.97)


def training(
    largest: float,
    *,
    train: list[float] = STUCK,
    facts: dict[str, Any] | None = None,
    moments: tuple[Any, ...] = (),
    **measured: Any,
) -> Subject:
    return subject(
        conv(),
        head(),
        facts=CROSS_ENTROPY | SGD | (facts or {}),
        train=train,
        history=CLASSES | sharpness(largest, **measured),
        moments=moments,
    )


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(5.0, "clear"), (20.0, "clear"), (24.0, "clear"), (40.0, "clear"), (41.0, "warning")],
)
def test_twice_what_the_step_can_settle_in(largest: float, expected: str) -> None:
    assert grade(SharpMinimum(), training(largest), "", HARMED) == expected


def test_without_harm_it_is_a_note_and_with_learning_nothing() -> None:
    assert grade(SharpMinimum(), training(100.0), "", UNHARMED) == "note"
    assert grade(SharpMinimum(), training(100.0, train=LEARNT), "", HARMED) == "clear"


def test_momentum_can_settle_in_sharper_valleys() -> None:
    assert grade(SharpMinimum(), training(70.0, facts={"momentum": 0.9}), "", HARMED) == "clear"
    assert grade(SharpMinimum(), training(77.0, facts={"momentum": 0.9}), "", HARMED) == "warning"


def test_the_rate_of_the_last_tenth_counts_where_a_schedule_ends_at_zero() -> None:
    late = (moment(0, learning_rate=9.0), moment(950, learning_rate=0.05))
    ended = training(50.0, facts={"learning_rate": 1e-9}, moments=late)
    assert grade(SharpMinimum(), ended, "", HARMED) == "clear"
    assert grade(
        SharpMinimum(), training(81.0, facts={"learning_rate": 1e-9}, moments=late), ""
    ) == ("warning")


def test_adaptive_optimisers_are_judged_by_their_steps_alone() -> None:
    adam = {"optimizer": "Adam"}
    assert grade(SharpMinimum(), training(1e6, facts=adam), "", HARMED) == "clear"
    up = training(1.0, facts=adam, overshoot=(2.0, 2.2, 2.6, 4.0))
    assert grade(SharpMinimum(), up, "", HARMED) == "warning"
    assert sentence(SharpMinimum(), up) == (
        "another step like the last takes the loss on the probe from 2 to 2.6, two to 4 (allowed: "
        "a rise by 25%)"
    )


@pytest.mark.parametrize(
    ("overshoot", "expected"),
    [
        ((2.0, 2.1, 2.49, 3.0), "clear"),
        ((2.0, 2.1, 2.51, 3.0), "warning"),
        ((2.0, 3.0, 2.6, 2.5), "clear"),
    ],
)
def test_how_far_uphill(overshoot: tuple[float, ...], expected: str) -> None:
    assert grade(SharpMinimum(), training(1.0, overshoot=overshoot), "", HARMED) == expected


def test_undecided() -> None:
    nan = float("nan")
    unsettled = training(100.0, residual=0.5, overshoot=(2.0, nan, nan, nan))
    assert grade(SharpMinimum(), unsettled, "", HARMED) == "undecided"
    assert grade(SharpMinimum(), training(nan, overshoot=(nan,) * 4), "") == "undecided"
    assert grade(SharpMinimum(), subject(conv(), head()), "") == "silent"


def test_sentence() -> None:
    assert sentence(SharpMinimum(), training(100.0)) == (
        "the loss on 256 images curves with 100, 5 times what this learning rate can settle in, 20 "
        "(allowed: 2 times)"
    )
