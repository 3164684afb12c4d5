"""S49: training images known by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from snellen.stats import HeldOutAudit, ImageAnswers
from snellen.symptoms.training.memorisation import Memorisation
from symptoms.build import UNHARMED, grade, head, sentence, subject, values
from symptoms.data_builders import answering, audited, held_out_audit, recalls, with_losses

KNOWN = recalls(*[1.0] * 10)
STEADY = [1.0, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
RISING = [1.0, 0.5, 0.4, 0.45, 0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(
    ("training", "held_out", "val_loss", "expected"),
    [
        pytest.param(1.0, 0.94, RISING, "clear", id="six points"),
        pytest.param(1.0, 0.91, RISING, "clear", id="nine points, held-out loss rising"),
        pytest.param(1.0, 0.84, RISING, "warning", id="sixteen points, rising"),
        pytest.param(1.0, 0.84, STEADY, "clear", id="sixteen points, steady"),
        pytest.param(1.0, 0.81, STEADY, "clear", id="nineteen points"),
        pytest.param(1.0, 0.75, STEADY, "warning", id="25 points"),
        pytest.param(1.0, 0.75, None, "warning", id="no held-out loss"),
        pytest.param(0.8, 0.4, RISING, "clear", id="training images are not known either"),
        pytest.param(0.7, 0.9, STEADY, "clear", id="augmentation and dropout"),
    ],
)
def test_the_gap(
    training: float, held_out: float, val_loss: Sequence[float] | None, expected: str
) -> None:
    watched = answering(recalls(*[training] * 10), recalls(*[held_out] * 10))
    if val_loss is not None:
        watched = with_losses(watched, val_loss=val_loss)
    assert grade(Memorisation(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [
        pytest.param(recalls(*[0.5] * 10, each=2), "undecided", id="20 images"),
        pytest.param(recalls(0.6, 0.6, each=16), "warning", id="32 images, far apart"),
    ],
)
def test_few_held_out_images_scatter(held_out: ImageAnswers, expected: str) -> None:
    watched = with_losses(answering(recalls(1.0, 1.0), held_out), val_loss=STEADY)
    assert grade(Memorisation(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("val_loss", "train", "expected"),
    [
        pytest.param(RISING, 0.1, "warning", id="rises by more than half"),
        pytest.param([1.0, 0.5, 0.4, 0.42, 0.45, 0.5, 0.5, 0.55], 0.1, "clear", id="by a third"),
        pytest.param([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4], 0.1, "clear", id="falls"),
        pytest.param(RISING, 0.5, "clear", id="both stand still"),
    ],
)
def test_without_classes_the_losses_tell(
    val_loss: Sequence[float], train: float, expected: str
) -> None:
    falling = [1.0] * 50 + [0.5] * 25 + [train] * 25
    watched = with_losses(answering(targets=values(1.0), train=falling), val_loss=val_loss)
    assert grade(Memorisation(), watched, "", UNHARMED) == expected


def test_held_out_images_in_another_range_say_nothing() -> None:
    raw = held_out_audit(mean=np.array([120.0]), std=np.array([64.0]))
    watched = answering(KNOWN, recalls(*[0.1] * 10), audited(HeldOutAudit, raw))
    assert grade(Memorisation(), watched, "", UNHARMED) == "clear"


def test_sentences() -> None:
    watched = with_losses(answering(KNOWN, recalls(*[0.75] * 10)), val_loss=RISING)
    assert sentence(Memorisation(), watched) == (
        "macro recall is 1.00 on training images and 0.75 on 320 held-out ones (allowed: 0.20 "
        "less); the held-out loss rose from 0.4 to 0.9 over the last 4 evaluations"
    )


def test_other_circumstances() -> None:
    assert grade(Memorisation(), answering(KNOWN), "") == "silent"
    assert grade(Memorisation(), with_losses(answering(KNOWN), val_loss=RISING), "") == "undecided"
    assert grade(Memorisation(), subject(head()), "") == "silent"
