"""S41: held-out images of another kind than the training images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import HeldOutAudit, ImageAnswers
from snellen.symptoms.data.train_validation_mismatch import TrainValidationMismatch
from symptoms.build import UNHARMED, conv, grade, head, labels, sentence, subject
from symptoms.data_builders import TEN, answering, audited, held_out_audit, recalls

KNOWN, WORSE, LOST = (recalls(*[share] * 10) for share in (0.95, 0.7, 0.1))


def split(held_out: ImageAnswers | None = WORSE, **changes: Any) -> Subject:
    """Training images are answered well, held-out ones like this."""
    targets = changes.pop("targets", TEN)
    seen = audited(HeldOutAudit, held_out_audit(**changes))
    return answering(KNOWN if held_out else None, held_out, seen, targets=targets)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "clear", id="the same kind"),
        pytest.param({"separability": 0.65}, "clear", id="hardly told apart"),
        pytest.param({"separability": 0.66}, "warning", id="told apart"),
        pytest.param(
            {"separability": 0.66, "separability_error": 0.07}, "clear", id="in a small set"
        ),
        pytest.param({"separability": float("nan")}, "clear", id="unknown"),
        pytest.param({"mean": np.array([0.75])}, "clear", id="one deviation brighter"),
        pytest.param({"mean": np.array([0.76])}, "warning", id="more"),
        pytest.param({"std": np.array([0.5])}, "clear", id="twice the contrast"),
        pytest.param({"std": np.array([0.51])}, "warning", id="more contrast"),
        pytest.param({"std": np.array([0.12])}, "warning", id="less than half"),
        pytest.param(
            {"training_std": np.array([0.0]), "mean": np.array([9.0])}, "clear", id="no unit"
        ),
        pytest.param({"images": 19}, "undecided", id="19 images"),
    ],
)
def test_both_sides_of_each_limit(changes: dict[str, Any], expected: str) -> None:
    assert grade(TrainValidationMismatch(), split(**changes), "", UNHARMED) == expected


def test_not_scaled_and_answered_by_chance_is_an_error() -> None:
    raw = {"mean": np.array([120.0]), "std": np.array([64.0])}
    assert grade(TrainValidationMismatch(), split(LOST, **raw), "", UNHARMED) == "error"


@pytest.mark.parametrize(
    "changes",
    [{"separability": 0.99}, {"mean": np.array([2.0])}],
    ids=["augmentation shows", "augmentation brightens"],
)
def test_held_out_images_answered_as_well_are_no_mismatch(changes: dict[str, Any]) -> None:
    assert grade(TrainValidationMismatch(), split(KNOWN, **changes), "", UNHARMED) == "clear"


def test_without_answers_only_another_range_is_noted() -> None:
    apart = split(None, separability=0.99)
    assert grade(TrainValidationMismatch(), apart, "", UNHARMED) == "clear"
    raw = split(None, mean=np.array([120.0]))
    assert grade(TrainValidationMismatch(), raw, "", UNHARMED) == "note"


@pytest.mark.parametrize(
    ("unknown", "expected"), [(15, "clear"), (16, "warning")], ids=["5%", "more than 5%"]
)
def test_classes_that_training_never_showed(unknown: int, expected: str) -> None:
    eight = labels(*[100] * 8, 0, 0)
    counts = np.array([35] * 7 + [55 - unknown, unknown, 0])
    watched = split(counts=counts, targets=eight)
    assert grade(TrainValidationMismatch(), watched, "", UNHARMED) == expected


def test_sentences() -> None:
    raw = split(LOST, mean=np.array([120.0]), std=np.array([64.0]))
    assert sentence(TrainValidationMismatch(), raw) == (
        "300 held-out images have mean 120 and deviation 64, training images 0.5 and 0.25 "
        "(allowed: a difference of 1 × the latter); recall on them is 0.09, on training images 0.94"
    )
    assert sentence(TrainValidationMismatch(), split(separability=0.8)) == (
        "simple pixel statistics tell 300 held-out images from training images with an AUC of 0.80 "
        "(allowed: 0.65); recall on them is 0.69, on training images 0.94"
    )
    new = split(counts=np.array([30] * 10), targets=labels(*[100] * 8))
    assert sentence(TrainValidationMismatch(), new) == (
        "20% of 300 held-out images are of 2 classes that training never showed (allowed: 5%); "
        "recall on them is 0.69, on training images 0.94"
    )


def test_without_held_out_images() -> None:
    assert grade(TrainValidationMismatch(), subject(conv()), "") == "silent"
    assert grade(TrainValidationMismatch(), subject(head()), "") == "silent"
