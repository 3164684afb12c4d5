"""What is known class by class: images, answers, and whether a class is missed."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import ImageAnswers, Predictions
from snellen.symptoms.classwise import (
    HELD_OUT,
    Shown,
    answered,
    better_than_chance,
    half_as_good,
    images_per_class,
    labels_of_probe,
    penultimate,
)
from symptoms.build import answers, conv, given, head, labels, probe, subject, values, yes_or_no
from symptoms.richer import image_answers


def test_images_per_class() -> None:
    def counts(targets):  # type: ignore[no-untyped-def]
        found = images_per_class(subject(head(), history=given(targets)))
        return None if found is None else found.tolist()

    assert counts(labels(90, 10)) == [90, 10]
    assert counts(yes_or_no(100, 10)) == [90, 10]
    assert counts(yes_or_no(100, 10, 20)) is None
    assert counts(values(2.0)) is None
    assert counts(labels(5)) is None
    assert images_per_class(subject(head())) is None


def test_answers_of_either_set() -> None:
    told = probe("", Predictions, "", (900, answers([50, 50], [40, 30], [50, 50])))
    told |= probe("", Predictions, HELD_OUT, (1000, answers([30, 0], [20, 0], [20, 10])))
    seen = subject(head(), history=told)
    on_probe, held_out = answered(seen), answered(seen, HELD_OUT)
    assert on_probe is not None
    assert held_out is not None
    assert (on_probe.right.tolist(), on_probe.step) == ([40, 30], 900)
    assert (held_out.present.tolist(), held_out.step) == ([20, 10], 1000)
    assert answered(subject(head())) is None
    nothing = probe("", Predictions, "", (900, answers([], [], [])))
    assert answered(subject(head(), history=nothing)) is None


def test_labels_must_be_those_of_the_probe() -> None:
    seen = subject(head(), history=probe("", ImageAnswers, "", (1000, image_answers([0, 1, 1]))))
    found = labels_of_probe(seen, 3)
    assert found is not None
    assert found.tolist() == [0, 1, 1]
    assert labels_of_probe(seen, 4) is None
    assert labels_of_probe(subject(head()), 3) is None
    unknown = probe("", ImageAnswers, "", (1000, image_answers([-1, -1])))
    assert labels_of_probe(subject(head(), history=unknown), 2) is None


def test_the_layer_before_the_head_or_the_last_hidden_one() -> None:
    a, b = conv("a"), conv("b")
    assert penultimate(subject(a, b, head(inputs=("a",)))) == (a,)
    assert penultimate(subject(a, b, head())) == (b,)
    assert penultimate(subject(head())) == ()


@pytest.mark.parametrize(
    ("right", "present", "p"), [(0, 10, 0.5**10), (10, 10, 1.0), (5, 10, 0.623)]
)
def test_a_class_found_half_as_often(right: int, present: int, p: float) -> None:
    shown = Shown(np.array([20, right]), np.array([20, present]), 1000)
    assert half_as_good(shown, 1) == pytest.approx(p, abs=1e-3)


def test_nothing_to_compare_with() -> None:
    assert np.isnan(half_as_good(Shown(np.array([0, 3]), np.array([0, 10]), 1), 1))
    assert np.isnan(half_as_good(Shown(np.array([3, 0]), np.array([10, 0]), 1), 1))


@pytest.mark.parametrize(
    ("recall", "classes", "better"), [(0.76, 2, True), (0.75, 2, False), (0.16, 10, True)]
)
def test_learnt_at_all(recall: float, classes: int, better: bool) -> None:
    assert better_than_chance(recall, classes) is better
