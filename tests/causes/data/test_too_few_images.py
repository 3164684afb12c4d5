"""C01: few images, and what only looks like them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    GUESSED,
    HALF,
    LEARNT,
    belief,
    case,
    dead,
    held_out,
    images,
    in_keras,
    remedies,
    state,
)
from snellen.causes.data.too_few_images import TooFewImages
from symptoms.build import labels
from symptoms.data_builders import answering, recalls


def few(number: int, **changes: Any) -> Any:
    return answering(LEARNT, HALF, facts={"training_images": number}, **changes)


@pytest.mark.parametrize(("number", "expected"), [(500, "present"), (511, "absent")])
def test_counts_images_of_each_class(number: int, expected: str) -> None:
    assert state(TooFewImages, "few-images-of-each-class", case(few(number))) == expected


@pytest.mark.parametrize(("number", "expected"), [(200, "present"), (201, "absent")])
def test_counts_images_in_all(number: int, expected: str) -> None:
    watched = answering(targets=labels(500, 500), facts={"training_images": number})
    assert state(TooFewImages, "few-images-of-each-class", case(watched)) == expected


def test_loaded_weights_need_fewer() -> None:
    watched = answering(LEARNT, HALF, facts={"training_images": 500, "loaded_weights": True})
    assert state(TooFewImages, "few-images-of-each-class", case(watched)) == "absent"


def test_takes_what_a_pass_showed_where_no_loader_tells() -> None:
    assert (
        state(
            TooFewImages,
            "few-images-of-each-class",
            case(answering(LEARNT, HALF, images(images=100))),
        )
        == "present"
    )
    endless = images(images=100, duplicates=-1)
    assert (
        state(TooFewImages, "few-images-of-each-class", case(answering(LEARNT, HALF, endless)))
        == "unmeasured"
    )


@pytest.mark.parametrize(("rare", "expected"), [(19, "present"), (20, "absent")])
def test_one_class_may_lack_images(rare: int, expected: str) -> None:
    watched = answering(
        LEARNT, targets=labels(*[100] * 9, rare), facts={"training_images": 900 + rare}
    )
    assert state(TooFewImages, "a-class-has-hardly-any", case(watched)) == expected


@pytest.mark.parametrize(
    ("key", "training", "unseen", "expected"),
    [
        ("held-out-images-worse", LEARNT, HALF, "present"),
        ("held-out-images-worse", LEARNT, LEARNT, "absent"),
        ("held-out-images-worse", LEARNT, None, "unmeasured"),
        ("training-images-known-by-heart", LEARNT, None, "present"),
        ("training-images-known-by-heart", HALF, None, "absent"),
        ("training-images-known-by-heart", None, None, "unmeasured"),
        ("held-out-images-no-better-than-guessed", LEARNT, GUESSED, "present"),
        ("held-out-images-no-better-than-guessed", LEARNT, HALF, "absent"),
        ("held-out-images-no-better-than-guessed", GUESSED, GUESSED, "unmeasured"),
    ],
)
def test_reads_recalls(key: str, training: Any, unseen: Any, expected: str) -> None:
    assert state(TooFewImages, key, case(answering(training, unseen))) == expected


def test_held_out_images_on_another_scale_are_another_matter() -> None:
    key = "held-out-images-on-another-scale"
    assert state(TooFewImages, key, case(few(100))) == "unmeasured"
    dark = answering(LEARNT, HALF, held_out(std=np.array([0.05])))
    assert state(TooFewImages, key, case(dark)) == "present"
    alike = answering(LEARNT, HALF, held_out(mean=np.array([0.6])))
    assert state(TooFewImages, key, case(alike)) == "absent"


def test_rare_classes_missed_in_training_speak_for_imbalance() -> None:
    key = "rare-classes-missed-on-training-images"
    unequal = labels(*[100] * 9, 10)
    missed = answering(recalls(*[1.0] * 9, 0.0), targets=unequal)
    assert state(TooFewImages, key, case(missed)) == "present"
    assert state(TooFewImages, key, case(answering(LEARNT, targets=unequal))) == "absent"
    assert state(TooFewImages, key, case(answering(LEARNT))) == "unmeasured"


@pytest.mark.parametrize(("share", "expected"), [(0.65, "present"), (0.6, "absent")])
def test_a_dead_network_says_nothing_of_images(share: float, expected: str) -> None:
    assert state(TooFewImages, "network-came-apart", case(dead(share))) == expected


def test_is_believed_where_it_holds_alone() -> None:
    assert belief(TooFewImages, case(few(100))) > 0.9
    assert belief(TooFewImages, case(few(5000))) < 0.1


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_name_the_number_of_images_and_classes(keras: bool) -> None:
    watched = in_keras(few(100)) if keras else few(100)
    augment, pretrained = remedies(TooFewImages, case(watched))
    assert "100 training images" in augment.title
    assert "10" in pretrained.code.split("\n")[-1]
