"""S48: a standstill far from the goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.symptoms.training.underfitting import Underfitting
from symptoms.build import HARMED, UNHARMED, grade, head, moment, sentence, subject, values
from symptoms.data.test_label_noise import contradicted
from symptoms.data_builders import answering, recalls


def course(end: float) -> Sequence[float]:
    """A loss that comes down to `end` in a third of the training and stays there."""
    return np.concatenate([np.linspace(2.3, end, 33), np.full(67, end)]).tolist()


LARGE = {"parameters": 50_000, "training_images": 1000}
SMALL = {"parameters": 600, "training_images": 1000}


def trained(
    recall: float, train: Sequence[float], *, held_out: float | None = None, **changes: Any
) -> Subject:
    theirs = None if held_out is None else recalls(*[held_out] * 10)
    return answering(recalls(*[recall] * 10), theirs, train=train, **changes)


@pytest.mark.parametrize(
    ("recall", "facts", "expected"),
    [
        pytest.param(0.97, LARGE, "clear", id="healthy"),
        pytest.param(0.75, LARGE, "clear", id="three quarters known: hard images"),
        pytest.param(0.69, LARGE, "warning", id="under 0.73"),
        pytest.param(0.94, SMALL, "clear", id="small and good enough"),
        pytest.param(0.84, SMALL, "warning", id="small, under 0.91"),
        pytest.param(0.84, {"parameters": 4000}, "clear", id="more parameters than bits"),
        pytest.param(0.13, LARGE, "clear", id="guessing is a fault of another kind"),
        pytest.param(0.5, LARGE | {"loaded_weights": True}, "silent", id="fine-tuning"),
        pytest.param(0.5, LARGE | {"frozen_parameters": 49_000}, "silent", id="frozen backbone"),
    ],
)
def test_both_sides_of_each_limit(recall: float, facts: dict[str, Any], expected: str) -> None:
    assert (
        grade(Underfitting(), trained(recall, course(1.0), facts=facts), "", UNHARMED) == expected
    )


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        pytest.param(course(1.0), "warning", id="stands still"),
        pytest.param(np.linspace(2.3, 1.0, 100).tolist(), "clear", id="still falling"),
        pytest.param([1.0] * 10, "undecided", id="ten steps"),
    ],
)
def test_a_short_training_is_not_underfit(train: Sequence[float], expected: str) -> None:
    assert grade(Underfitting(), trained(0.6, train, facts=LARGE), "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("fall", "facts", "expected"),
    [
        pytest.param(0.03, SMALL, "warning", id="too small to know all, creeping on"),
        pytest.param(0.05, SMALL, "clear", id="small and falling"),
        pytest.param(0.03, LARGE, "clear", id="large and creeping on"),
    ],
)
def test_small_networks_creep_on(fall: float, facts: dict[str, Any], expected: str) -> None:
    """A line falls by a sixth of its height between the halves of its last third."""
    line = np.linspace(1.0 + 6 * fall * 2.3, 1.0, 1000).tolist()
    assert grade(Underfitting(), trained(0.6, line, facts=facts), "", UNHARMED) == expected


@pytest.mark.parametrize(("held_out", "expected"), [(0.6, "warning"), (0.4, "clear")])
def test_a_gap_is_not_lack_of_capacity(held_out: float, expected: str) -> None:
    watched = trained(0.6, course(1.0), held_out=held_out, facts=LARGE)
    assert grade(Underfitting(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(("last", "expected"), [(1e-3, "warning"), (9e-5, "note")])
def test_a_schedule_that_ends_all_progress(last: float, expected: str) -> None:
    moments = [moment(0, learning_rate=1e-3), moment(999, learning_rate=last)]
    watched = trained(0.6, course(1.0), facts=LARGE, moments=moments)
    assert grade(Underfitting(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(("loss", "expected"), [(0.3, "warning"), (0.2, "clear")])
def test_modes_that_disagree_are_another_fault(loss: float, expected: str) -> None:
    """The loss of training says 74% or 82%, the answers in evaluation mode 59%."""
    watched = trained(0.6, course(loss), facts=LARGE)
    assert grade(Underfitting(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(("loss", "expected"), [(2.0, "warning"), (2.1, "clear")])
def test_a_training_that_has_hardly_begun_is_slow_or_stuck(loss: float, expected: str) -> None:
    assert grade(Underfitting(), trained(0.4, course(loss), facts=LARGE), "", HARMED) == expected


def test_wrong_labels_hold_every_network_back() -> None:
    watched = answering(contradicted(0.4), train=course(1.4), facts=LARGE)
    assert grade(Underfitting(), watched, "", UNHARMED) == "clear"


def test_sentence() -> None:
    assert sentence(Underfitting(), trained(0.6, course(1.0), facts=SMALL)) == (
        "the training loss stands still at 1 (guessing gives 2.3), and macro recall on 320 "
        "training images is 0.59 (allowed: at least 0.91); 600 parameters are fewer than the 3322 "
        "bits of the labels"
    )


def test_other_circumstances() -> None:
    assert grade(Underfitting(), answering(train=course(1.0)), "") == "undecided"
    assert grade(Underfitting(), answering(targets=values(1.0)), "") == "silent"
    assert grade(Underfitting(), subject(head()), "") == "silent"
