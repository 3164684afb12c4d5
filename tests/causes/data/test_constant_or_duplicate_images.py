"""C30: blank images and copies."""

from __future__ import annotations

import numpy as np
import pytest

from causes.data.cases import (
    LEARNT,
    answering,
    belief,
    case,
    entering,
    images,
    in_keras,
    remedies,
    state,
)
from snellen.causes.data.constant_or_duplicate_images import ConstantOrDuplicateImages as Unusable


@pytest.mark.parametrize(
    ("blank", "copies", "expected"),
    [(11, 10, "present"), (10, 9, "absent"), (100, 0, "absent"), (100, -1, "present")],
)
def test_blank_images(blank: int, copies: int, expected: str) -> None:
    watched = case(answering(None, None, images(blank=blank, duplicates=copies)))
    assert state(Unusable, "blank-images", watched) == expected


@pytest.mark.parametrize(("number", "expected"), [(20, "present"), (19, "absent")])
def test_a_handful_may_repeat(number: int, expected: str) -> None:
    audit = images(images=number, duplicates=number - 5, batches=2)
    assert state(Unusable, "images-come-again", case(answering(None, None, audit))) == expected


def test_weak_images_that_differ_are_not_blank() -> None:
    key = "weak-images-differ"
    other = case(answering(None, None, images(blank=100)))
    same = case(answering(None, None, images(blank=100, duplicates=99)))
    assert state(Unusable, key, other) == "present"
    assert state(Unusable, key, same) == "absent"
    assert state(Unusable, key, case(answering(None, None, images()))) == "unmeasured"
    assert belief(Unusable, other) < 0.1 < 0.5 < belief(Unusable, same)


@pytest.mark.parametrize(("against", "expected"), [(11, "present"), (10, "absent")])
def test_copies_with_another_label(against: int, expected: str) -> None:
    watched = case(answering(None, None, images(duplicates=20, conflicting=against)))
    assert state(Unusable, "copies-with-another-label", watched) == expected


@pytest.mark.parametrize(
    ("copies", "batches", "expected"),
    [(451, 0, "present"), (449, 0, "absent"), (0, 9, "present"), (0, 8, "absent")],
)
def test_images_come_again(copies: int, batches: int, expected: str) -> None:
    audit = images(duplicates=copies, repeated_batches=batches)
    assert state(Unusable, "images-come-again", case(answering(None, None, audit))) == expected


def test_endless_passes_count_no_copies() -> None:
    endless = case(answering(None, None, images(duplicates=-1)))
    assert state(Unusable, "images-come-again", endless) == "unmeasured"
    assert state(Unusable, "copies-with-another-label", endless) == "unmeasured"


@pytest.mark.parametrize(("std", "expected"), [(0.0, "present"), (0.1, "absent")])
def test_all_alike(std: float, expected: str) -> None:
    watched = case(answering(None, None, entering(0.5, 0.5, 0.5, std)))
    assert state(Unusable, "all-images-alike", watched) == expected


def test_one_form_is_enough() -> None:
    copies = answering(LEARNT, None, images(duplicates=600))
    assert belief(Unusable, case(copies)) > 0.4
    sound = answering(LEARNT, None, images())
    assert belief(Unusable, case(sound)) < 0.03


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_suit_the_form(keras: bool) -> None:
    blank = answering(None, None, images(blank=100, duplicates=99))
    first = remedies(Unusable, case(in_keras(blank) if keras else blank))[0]
    assert "100 were seen" in first.title
    copies = answering(None, None, images(duplicates=600))
    given = remedies(Unusable, case(in_keras(copies) if keras else copies))
    assert "one of each" in given[0].title


def test_the_remedies_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.random((6, 4, 4, 1))
    pictures[1] = 0.0
    pictures[4] = pictures[0]
    labels = np.arange(6)
    blank = in_keras(answering(None, None, images(blank=100, duplicates=99)))
    names = {"images": pictures, "labels": labels, "np": np}
    exec(remedies(Unusable, case(blank))[0].code, names)
    assert names["labels"].tolist() == [0, 2, 3, 4, 5]
    copies = in_keras(answering(None, None, images(duplicates=600)))
    names = {"images": pictures, "labels": labels, "np": np}
    exec(remedies(Unusable, case(copies))[0].code, names)
    assert names["labels"].tolist() == [0, 1, 2, 3, 5]
