"""S51: evidence beside the object."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import Predictions
from snellen.symptoms.explanation.off_object_evidence import OffObjectEvidence
from symptoms.build import (
    HARMED,
    UNHARMED,
    answers,
    conv,
    grade,
    head,
    probe,
    sentence,
    subject,
    told,
)
from symptoms.wired import explanation


def explained(held_out: int | None = None, **measured: Any) -> Subject:
    """All of the probe is answered rightly, and this many of ten held-out images of each class."""
    history = explanation(**measured) | told(answers([10] * 2, [10] * 2, [10] * 2))
    if held_out is not None:
        unseen = answers([10] * 2, [held_out] * 2, [10] * 2)
        history |= probe("", Predictions, "held-out", (1000, unseen))
    return subject(conv(), head(), history=history)


@pytest.mark.parametrize(
    ("border", "expected"), [(0.44, "clear"), (0.65, "clear"), (0.66, "warning"), (0.9, "warning")]
)
def test_the_border_where_nothing_marks_the_object(border: float, expected: str) -> None:
    """The outer eighth is 44% of the image; half as much again is 66%."""
    assert grade(OffObjectEvidence(), explained(border=border), "", HARMED) == expected


@pytest.mark.parametrize(("inside", "expected"), [(0.11, "clear"), (0.09, "warning")])
def test_the_object_where_labels_mark_it(inside: float, expected: str) -> None:
    watched = explained(inside=inside, area=0.2, border=0.9)
    assert grade(OffObjectEvidence(), watched, "", HARMED) == expected


@pytest.mark.parametrize(
    ("held_out", "expected"), [(1, "warning"), (6, "warning"), (7, "note"), (None, "note")]
)
def test_a_network_that_fails_on_held_out_images_is_harmed_by_it(
    held_out: int | None, expected: str
) -> None:
    assert grade(OffObjectEvidence(), explained(held_out, border=0.9), "", UNHARMED) == expected


@pytest.mark.parametrize(("border", "expected"), [(0.52, "clear"), (0.53, "warning")])
def test_less_is_allowed_where_held_out_images_fail(border: float, expected: str) -> None:
    assert grade(OffObjectEvidence(), explained(1, border=border), "", UNHARMED) == expected


def test_failing_on_held_out_images_alone_is_another_fault() -> None:
    assert grade(OffObjectEvidence(), explained(1, border=0.4), "", UNHARMED) == "clear"


def test_too_little_to_go_on() -> None:
    assert grade(OffObjectEvidence(), explained(images=3, border=0.9), "") == "undecided"
    assert grade(OffObjectEvidence(), explained(border=float("nan")), "") == "undecided"
    assert grade(OffObjectEvidence(), subject(conv(), head()), "") == "silent"


def test_sentences() -> None:
    assert sentence(OffObjectEvidence(), explained(1, border=0.9)) == (
        "90% of the saliency lies in the outer eighth of the image, which is 44% of it (allowed: "
        "52%); macro recall is 1.00 on training images and 0.10 on held-out ones"
    )
    assert sentence(OffObjectEvidence(), explained(inside=0.05, area=0.2)) == (
        "5% of the saliency lies on the object, which covers 20% of the image (allowed: at least "
        "10%)"
    )
