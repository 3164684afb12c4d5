"""S42: held-out images that the model was trained on."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import HeldOutAudit, ImageAudit
from snellen.symptoms.data.leaked_images import LeakedImages
from symptoms.build import UNHARMED, conv, grade, head, sentence, subject
from symptoms.data_builders import audited, held_out_audit, image_audit


def split(*, copies: int = 0, **changes: Any) -> Subject:
    history = audited(HeldOutAudit, held_out_audit(**changes))
    history |= audited(ImageAudit, image_audit(duplicates=copies))
    return subject(conv(), history=history)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "clear", id="none"),
        pytest.param({"repeated": 3}, "clear", id="1%"),
        pytest.param({"repeated": 4}, "warning", id="more than 1%"),
        pytest.param({"images": 100, "repeated": 2}, "clear", id="two alone"),
        pytest.param({"repeated": 60}, "warning", id="20%"),
        pytest.param({"repeated": 61}, "error", id="more than 20%"),
        pytest.param({"repeated": 300}, "note", id="all: the training set evaluated as such"),
        pytest.param(
            {"repeated": 33, "copies": 100}, "clear", id="images repeat as often in training"
        ),
        pytest.param({"repeated": 34, "copies": 100}, "warning", id="more often than in training"),
        pytest.param({"near_repeated": 60}, "clear", id="20% nearly the same"),
        pytest.param({"near_repeated": 61}, "warning", id="more"),
        pytest.param(
            {"near_repeated": 90, "near_expected": 0.09}, "clear", id="as in training itself"
        ),
        pytest.param(
            {"near_repeated": 299, "near_expected": 0.1}, "clear", id="images too alike to tell"
        ),
        pytest.param({"images": 0}, "undecided", id="no images"),
    ],
)
def test_both_sides_of_each_limit(changes: dict[str, Any], expected: str) -> None:
    assert grade(LeakedImages(), split(**changes), "", UNHARMED) == expected


def test_sentences() -> None:
    assert sentence(LeakedImages(), split(repeated=75, training_complete=False)) == (
        "75 of 300 held-out images (25%) are bit by bit training images (of the first 1000) "
        "(allowed: 1%)"
    )
    assert sentence(LeakedImages(), split(near_repeated=150, near_expected=0.02)) == (
        "150 of 300 held-out images (50%) are nearly the same as training images "
        "(allowed: 20%, 2% more than in training itself)"
    )


def test_without_held_out_images() -> None:
    assert grade(LeakedImages(), subject(conv()), "") == "silent"
    assert grade(LeakedImages(), subject(head()), "") == "silent"
