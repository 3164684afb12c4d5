"""C08: test images in training, and marks that give the class away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    GUESSED,
    HALF,
    LEARNT,
    answering,
    belief,
    case,
    clear,
    found,
    held_out,
    images,
    in_keras,
    remedies,
    state,
)
from snellen.causes.data.leakage import Leakage
from snellen.symptoms.activation.fixed_pattern_maps import FixedPattern
from symptoms.wired import explanation


def pattern(of_input: float) -> FixedPattern:
    return FixedPattern(16, 16, 0.99, "at the border", of_input, 1, 320, 0.9, 0.2)


@pytest.mark.parametrize(
    ("audit", "own", "expected"),
    [
        (held_out(repeated=4), images(), "present"),
        (held_out(repeated=3), images(), "absent"),
        (held_out(repeated=30), images(duplicates=100), "absent"),
        # The training set itself, for the training accuracy.
        (held_out(repeated=300), images(), "unmeasured"),
        (held_out(repeated=300, training_complete=False), images(), "present"),
        ({}, images(), "unmeasured"),
    ],
)
def test_repeats(audit: Any, own: Any, expected: str) -> None:
    watched = case(answering(LEARNT, LEARNT, audit, own))
    assert state(Leakage, "held-out-images-are-training-images", watched) == expected


@pytest.mark.parametrize(
    ("near", "usual", "expected"),
    [(61, 0.0, "present"), (59, 0.0, "absent"), (100, 0.05, "absent"), (200, 0.5, "unmeasured")],
)
def test_near_copies(near: int, usual: float, expected: str) -> None:
    watched = case(answering(LEARNT, LEARNT, held_out(near_repeated=near, near_expected=usual)))
    assert state(Leakage, "held-out-images-are-near-copies", watched) == expected


def test_evidence_off_the_object() -> None:
    key = "evidence-lies-off-the-object"
    seen = answering(LEARNT, LEARNT, explanation())
    assert state(Leakage, key, case(seen, found("S51"))) == "present"
    assert state(Leakage, key, case(seen, clear("S51"))) == "absent"
    assert state(Leakage, key, case(seen)) == "unmeasured"
    # Where test images are in training, no mark is needed.
    repeats = answering(LEARNT, LEARNT, held_out(repeated=100))
    assert state(Leakage, key, case(repeats, clear("S51"))) == "unmeasured"


@pytest.mark.parametrize(
    ("of_input", "expected"), [(0.9, "present"), (0.1, "absent"), (float("nan"), "present")]
)
def test_a_picture_in_all_images(of_input: float, expected: str) -> None:
    key = "images-share-a-picture"
    watched = case(answering(), found("S05", evidence=pattern(of_input)))
    assert state(Leakage, key, watched) == expected


def test_no_picture() -> None:
    key = "images-share-a-picture"
    assert state(Leakage, key, case(answering(), clear("S05"))) == "absent"
    assert state(Leakage, key, case(answering())) == "unmeasured"


@pytest.mark.parametrize(
    ("near", "blank", "expected"), [(501, 0, "present"), (500, 0, "absent"), (900, 500, "absent")]
)
def test_training_images_hardly_differ(near: int, blank: int, expected: str) -> None:
    audit = images(near_duplicates=near, blank=blank)
    watched = case(answering(LEARNT, LEARNT, audit))
    assert state(Leakage, "training-images-hardly-differ", watched) == expected


@pytest.mark.parametrize(("other", "expected"), [(50, "present"), (60, "absent")])
def test_a_mark_that_new_images_lack(other: int, expected: str) -> None:
    audits = {**images(near_duplicates=900), **held_out(near_repeated=other, near_expected=0.9)}
    watched = case(answering(LEARNT, GUESSED, audits))
    assert state(Leakage, "training-images-alike-and-new-ones-not", watched) == expected


@pytest.mark.parametrize(
    ("unseen", "expected"), [(GUESSED, "present"), (HALF, "absent"), (None, "unmeasured")]
)
def test_new_images_are_lost(unseen: Any, expected: str) -> None:
    watched = case(answering(LEARNT, unseen))
    assert state(Leakage, "known-images-perfect-and-new-ones-lost", watched) == expected


def test_is_believed_for_either_form() -> None:
    repeats = answering(LEARNT, LEARNT, held_out(repeated=200), images())
    assert belief(Leakage, case(repeats, clear("S51"), clear("S05"))) > 0.6
    mark = answering(LEARNT, GUESSED, images(near_duplicates=900), held_out(), explanation())
    assert belief(Leakage, case(mark, found("S51"), clear("S05"))) > 0.9
    sound = answering(LEARNT, LEARNT, held_out(), images(), explanation())
    assert belief(Leakage, case(sound, clear("S51"), clear("S05"))) < 0.02


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_suit_the_form(keras: bool) -> None:
    repeats = answering(LEARNT, LEARNT, held_out(repeated=200))
    first = remedies(Leakage, case(in_keras(repeats) if keras else repeats))[0]
    assert "the 200 repeated" in first.title
    mark = answering(LEARNT, GUESSED, facts={"image_shape": [1, 24, 24]})
    covered, cropped = remedies(Leakage, case(in_keras(mark) if keras else mark))
    assert "3:-3" in covered.code
    assert "3 pixels" in cropped.title


def test_the_cover_leaves_the_middle() -> None:
    mark = case(answering(LEARNT, GUESSED, facts={"image_shape": [1, 16, 16]}))
    code = remedies(Leakage, case(in_keras(mark.subject)))[0].code
    names: dict[str, Any] = {"np": np, "images": np.arange(512.0).reshape(2, 16, 16, 1)}
    exec(code, names)
    covered, own = names["covered"], names["images"]
    assert (covered[:, 2:-2, 2:-2] == own[:, 2:-2, 2:-2]).all()
    assert (covered[:, :2] == own.mean()).all()
