"""S53: batches of one class after another."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import ImageAudit
from snellen.symptoms.data.sorted_batches import SortedBatches
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject, values
from symptoms.data_builders import TEN, answering, audited, image_audit, recalls


def batches(recall: float = 0.95, targets: Any = TEN, **changes: Any) -> Subject:
    seen = audited(ImageAudit, image_audit(**changes))
    return answering(recalls(*[recall] * 10), None, seen, targets=targets)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "clear", id="mixed"),
        pytest.param({"label_entropy": 1.7}, "clear", id="81% of random order"),
        pytest.param({"label_entropy": 1.67}, "warning", id="less than 80%"),
        pytest.param({"label_entropy": 0.0}, "warning", id="one class each"),
        pytest.param(
            {"label_entropy": 1.6, "label_entropy_spread": 0.6}, "clear", id="small batches scatter"
        ),
        pytest.param({"label_entropy": 0.0, "batches": 0}, "warning", id="images known before"),
        pytest.param(
            {"label_entropy": float("nan"), "shuffled_entropy": float("nan")}, "undecided", id="nan"
        ),
    ],
)
def test_both_sides_of_the_limit(changes: dict[str, Any], expected: str) -> None:
    assert grade(SortedBatches(), batches(**changes), "", HARMED) == expected


@pytest.mark.parametrize(
    ("recall", "expected"), [(0.95, "note"), (0.84, "note"), (0.75, "warning"), (0.3, "warning")]
)
def test_a_sampler_that_means_it_leaves_a_good_model(recall: float, expected: str) -> None:
    assert grade(SortedBatches(), batches(recall, label_entropy=0.2), "", UNHARMED) == expected


def test_sentence() -> None:
    watched = batches(label_entropy=0.35, single_class_batches=20)
    assert sentence(SortedBatches(), watched) == (
        "a batch's labels have an entropy of 0.35 on average (20 held one class alone); in random "
        "order it would be 2.10 (allowed: 80% of that)"
    )


def test_other_circumstances() -> None:
    assert grade(SortedBatches(), batches(targets=values(1.0), label_entropy=0.0), "") == "silent"
    assert grade(SortedBatches(), answering(), "") == "undecided"
    assert grade(SortedBatches(), subject(conv()), "") == "silent"
    assert grade(SortedBatches(), subject(head()), "") == "silent"
