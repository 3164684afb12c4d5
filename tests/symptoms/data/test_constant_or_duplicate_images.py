"""S40: images that hold nothing, or nothing new."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import ImageAudit, Targets
from snellen.symptoms.data.constant_or_duplicate_images import ConstantOrDuplicateImages
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject, values
from symptoms.data_builders import TEN, answering, audited, image_audit, recalls


def examined(targets: Targets | None = TEN, **counts: Any) -> Subject:
    return answering(None, None, audited(ImageAudit, image_audit(**counts)), targets=targets)


@pytest.mark.parametrize(
    ("counts", "harmed", "unharmed"),
    [
        pytest.param({}, "clear", "clear", id="all different"),
        pytest.param({"blank": 10}, "clear", "clear", id="1% blank"),
        pytest.param({"blank": 11}, "warning", "note", id="more"),
        pytest.param({"images": 10, "blank": 2}, "clear", "clear", id="two of ten"),
        pytest.param({"blank": 499}, "warning", "note", id="nearly half blank"),
        pytest.param({"blank": 500}, "error", "error", id="half blank"),
        pytest.param({"conflicting": 10}, "clear", "clear", id="1% contradict an earlier one"),
        pytest.param({"conflicting": 11}, "warning", "warning", id="more"),
        pytest.param({"duplicates": 370}, "clear", "clear", id="drawn with replacement"),
        pytest.param({"duplicates": -1}, "clear", "clear", id="the length of a pass unknown"),
        pytest.param({"duplicates": 500}, "clear", "clear", id="half are copies"),
        pytest.param({"duplicates": 501}, "warning", "note", id="more"),
        pytest.param({"near_duplicates": 900}, "clear", "clear", id="images that resemble"),
        pytest.param({"repeated_batches": 8}, "clear", "clear", id="a quarter of the batches"),
        pytest.param({"repeated_batches": 9}, "warning", "note", id="more"),
        pytest.param(
            {"batches": 7, "repeated_batches": 6}, "clear", "clear", id="few batches: a test on one"
        ),
    ],
)
def test_both_sides_of_each_limit(counts: dict[str, Any], harmed: str, unharmed: str) -> None:
    assert grade(ConstantOrDuplicateImages(), examined(**counts), "", HARMED) == harmed
    assert grade(ConstantOrDuplicateImages(), examined(**counts), "", UNHARMED) == unharmed


def test_copies_are_evident_where_others_are_answered_worse() -> None:
    seen = audited(ImageAudit, image_audit(duplicates=900))
    known, others = recalls(*[1.0] * 10), recalls(*[0.7] * 10)
    assert grade(ConstantOrDuplicateImages(), answering(known, others, seen), "", UNHARMED) == (
        "warning"
    )
    assert grade(ConstantOrDuplicateImages(), answering(known, known, seen), "", UNHARMED) == "note"


@pytest.mark.parametrize(("recall", "expected"), [(0.9, "note"), (0.6, "error")])
def test_blank_images_that_do_no_harm(recall: float, expected: str) -> None:
    seen = audited(ImageAudit, image_audit(blank=600))
    watched = answering(recalls(*[recall] * 10), None, seen)
    assert grade(ConstantOrDuplicateImages(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize("targets", [values(1.0), None])
def test_empty_tiles_may_be_meant_where_there_are_no_classes(targets: Targets | None) -> None:
    watched = examined(targets, blank=600, conflicting=500)
    assert grade(ConstantOrDuplicateImages(), watched, "", UNHARMED) == "note"


def test_sentences() -> None:
    assert sentence(ConstantOrDuplicateImages(), examined(blank=20)) == (
        "2% of 1000 training images are blank: hardly any contrast beside the others (allowed: 1%)"
    )
    assert sentence(ConstantOrDuplicateImages(), examined(conflicting=50)) == (
        "5% of 1000 training images are copies of an earlier one that had another label "
        "(allowed: 1%)"
    )
    assert sentence(ConstantOrDuplicateImages(), examined(duplicates=900)) == (
        "90% of 1000 images in one pass over the training data are copies of an earlier one, bit "
        "by bit (allowed: 50%)"
    )
    assert sentence(ConstantOrDuplicateImages(), examined(repeated_batches=16)) == (
        "50% of 32 batches in one pass hold only images of an earlier batch (allowed: 25%)"
    )


def test_without_a_look() -> None:
    assert grade(ConstantOrDuplicateImages(), subject(conv()), "") == "undecided"
    assert grade(ConstantOrDuplicateImages(), subject(head()), "") == "silent"
