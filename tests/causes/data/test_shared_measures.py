"""What several causes in the data measure: sizes, ranges, recalls."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from causes.data.cases import (
    GUESSED,
    HALF,
    LEARNT,
    answering,
    case,
    entering,
    held_out,
    images,
    recalls,
)
from snellen.causes.measures.images import (
    differently_blank,
    held_out_audit,
    input_range,
    per_class,
    roughness,
    set_size,
    shift,
)
from snellen.causes.measures.recalls import gap, leaning, rare
from symptoms.build import labels
from symptoms.data_builders import image_audit, replied


def test_a_set_is_as_large_as_the_loader_says() -> None:
    told = answering(None, None, images(images=100), facts={"training_images": 70})
    assert set_size(case(told)) == 70
    whole = answering(facts={"probe": {"images": 60, "whole_training_set": True}})
    assert set_size(case(whole)) == 60
    part = answering(facts={"probe": {"images": 60, "whole_training_set": False}})
    assert set_size(case(part)) is None
    assert set_size(case(answering(None, None, images(images=100)))) == 100
    assert set_size(case(answering(None, None, images(duplicates=-1)))) is None


def test_images_of_each_class_leave_out_absent_ones() -> None:
    facts = {"training_images": 100}
    assert per_class(case(answering(targets=labels(5, 0, 5), facts=facts))) == 50
    assert per_class(case(answering(targets=None, facts=facts))) == 100
    assert per_class(case(answering())) is None


@pytest.mark.parametrize(("number", "known"), [(20, True), (19, False)])
def test_few_held_out_images_are_not_compared(number: int, known: bool) -> None:
    audit = held_out(images=number)
    assert (held_out_audit(case(answering(LEARNT, HALF, audit))) is not None) is known
    other = held_out(training_images=number)
    assert (held_out_audit(case(answering(LEARNT, HALF, other))) is not None) is known


def test_shift_takes_the_worst_channel() -> None:
    audit = held_out(
        mean=np.array([0.5, np.nan, 0.0]),
        std=np.array([0.25, 0.25, 0.5]),
        training_mean=np.array([0.5, 0.5, 0.0]),
        training_std=np.array([0.25, 0.25, 0.25]),
    )
    found = shift(case(answering(LEARNT, HALF, audit)))
    assert found is not None
    assert found.octaves == 1
    assert found.means == 0
    uneven = held_out(mean=np.array([0.5, 0.5]))
    assert shift(case(answering(LEARNT, HALF, uneven))) is None
    none = np.zeros(0)
    empty = held_out(mean=none, std=none, training_mean=none, training_std=none)
    assert shift(case(answering(LEARNT, HALF, empty))) is None


def test_range_needs_finite_values() -> None:
    assert input_range(case(answering(None, None, entering(0, 1, np.nan, 1)))) is None
    assert input_range(case(answering(None, None, entering(0, np.inf, 1, 1)))) is None
    found = input_range(case(answering(None, None, entering(-3, 2, 0.5, 0.5))))
    assert found is not None
    assert (found.furthest, found.centre, found.spread) == (3, 0.5, 0.5)


def test_roughness_leaves_out_the_channels_and_single_positions() -> None:
    rough = images(roughness=np.array([9.0, np.nan, 0.3, 0.5]))
    found = roughness(case(answering(None, None, rough)))
    assert found is not None
    assert (found.least, found.most) == (0.3, 0.5)


@pytest.mark.parametrize(
    ("blank", "copies", "expected"), [(10, 0, True), (9, 0, None), (10, 5, False), (10, 4, True)]
)
def test_weak_images_may_differ(blank: int, copies: int, expected: bool | None) -> None:
    assert differently_blank(image_audit(blank=blank, duplicates=copies)) is expected


def test_few_answers_make_no_gap() -> None:
    assert gap(case(answering(LEARNT, recalls(1.0, 0.5, each=10)))) is not None
    assert gap(case(answering(LEARNT, recalls(1.0, 0.5, each=9)))) is None


def test_rare_classes_need_three_answers() -> None:
    unequal = labels(100, 25)
    for number, known in ((3, True), (2, False)):
        label = np.repeat([0, 1], [30, number])
        seen = answering(replied(label, label), targets=unequal)
        assert (rare(case(seen)) is not None) is known


def test_the_commonest_must_stand_out() -> None:
    for common, known in ((200, True), (199, False)):
        seen = answering(GUESSED, targets=labels(common, *[100] * 9))
        assert (leaning(case(seen)) is not None) is known
    assert leaning(case(answering(None, targets=labels(900, 100)))) is None
    assert leaning(case(dataclasses.replace(answering(GUESSED, targets=None)))) is None
