"""S54: classes that come rarely."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import ImageAnswers, Targets
from snellen.symptoms.data.class_imbalance import ClassImbalance
from symptoms.build import UNHARMED, grade, head, labels, sentence, subject, yes_or_no
from symptoms.data_builders import answering, recalls, replied

GOOD = recalls(*[0.95] * 3)
RARE_LOST = recalls(0.95, 0.95, 0.1)


def unequal(ratio: float) -> Targets:
    return labels(1000, 900, round(1000 / ratio))


@pytest.mark.parametrize(
    ("targets", "training", "held_out", "expected"),
    [
        pytest.param(unequal(3), GOOD, None, "clear", id="three to one"),
        pytest.param(unequal(9), GOOD, None, "clear", id="nine to one, answered alike"),
        pytest.param(unequal(10), GOOD, None, "note", id="ten to one, answered alike"),
        pytest.param(unequal(3), GOOD, RARE_LOST, "clear", id="three to one: a hard class"),
        pytest.param(unequal(4), GOOD, RARE_LOST, "warning", id="four to one, lost"),
        pytest.param(unequal(50), GOOD, RARE_LOST, "warning", id="fifty to one, lost"),
        pytest.param(unequal(50), RARE_LOST, None, "warning", id="lost in training already"),
        pytest.param(unequal(50), None, None, "note", id="no answers"),
        pytest.param(unequal(50), None, recalls(0.9, 0.9, 0.25), "warning", id="a quarter found"),
        pytest.param(unequal(50), None, recalls(0.9, 0.9, 0.4), "note", id="four in ten"),
        pytest.param(
            unequal(50), None, recalls(0.4, 0.4, 0.0), "note", id="all are answered badly"
        ),
        pytest.param(
            unequal(50),
            None,
            recalls(0.95, 0.95, 0.25, each=4),
            "note",
            id="four images decide nothing",
        ),
        pytest.param(labels(*[100] * 10), None, None, "clear", id="balanced"),
        pytest.param(labels(1000, 0, 900), None, None, "clear", id="a class that never comes"),
        pytest.param(labels(20, 20), None, None, "undecided", id="40 labels"),
        pytest.param(labels(100), None, None, "silent", id="one class"),
        pytest.param(yes_or_no(1000, 20, 500), None, None, "silent", id="several yes-or-no"),
    ],
)
def test_the_rare_class(
    targets: Targets, training: ImageAnswers | None, held_out: ImageAnswers | None, expected: str
) -> None:
    watched = answering(training, held_out, targets=targets)
    assert grade(ClassImbalance(), watched, "", UNHARMED) == expected


def test_one_yes_or_no_is_two_classes() -> None:
    label = np.array([0] * 90 + [1] * 10)
    lost = answering(replied(label, label * 0), targets=yes_or_no(100, 10))
    assert grade(ClassImbalance(), lost, "", UNHARMED) == "warning"
    some = replied(label, np.where(np.arange(100) < 93, 0, 1))
    assert grade(ClassImbalance(), answering(some, targets=yes_or_no(100, 10)), "", UNHARMED) == (
        "clear"
    )


def test_sentences() -> None:
    assert sentence(ClassImbalance(), answering(None, None, targets=unequal(20))) == (
        "1000 training images are of class 0 and 50 of class 2, 20 to 1 (allowed: 10 to 1)"
    )
    assert sentence(ClassImbalance(), answering(None, RARE_LOST, targets=unequal(20))) == (
        "9.4% of the held-out images of class 2 are answered rightly, of other classes 94%; 1000 "
        "training images are of class 0 and 50 of class 2, 20 to 1 (allowed: 4 to 1)"
    )


def test_without_convolutions_or_labels() -> None:
    assert grade(ClassImbalance(), subject(head()), "") == "silent"
    assert grade(ClassImbalance(), answering(targets=None), "") == "silent"
