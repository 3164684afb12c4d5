"""C03: wrong labels, and what only looks like them."""

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
    dead,
    found,
    images,
    in_keras,
    recalls,
    remedies,
    state,
)
from snellen.causes.data.destructive_augmentation import DestructiveAugmentation
from snellen.causes.data.label_noise import LabelNoise
from snellen.core import Severity
from snellen.stats import ImageAnswers
from symptoms.data_builders import replied, with_losses


def test_reads_what_sure_answers_say() -> None:
    key = "sure-answers-contradict-labels"
    assert state(LabelNoise, key, case(answering(), found("S44"))) == "present"
    assert state(LabelNoise, key, case(answering(), found("S44", Severity.NOTE))) == "absent"
    assert state(LabelNoise, key, case(answering(), clear("S44"))) == "absent"
    assert state(LabelNoise, key, case(answering())) == "unmeasured"


@pytest.mark.parametrize(
    ("conflicting", "blank", "expected"), [(3, 0, "present"), (2, 0, "absent"), (53, 50, "absent")]
)
def test_copies_bear_other_labels(conflicting: int, blank: int, expected: str) -> None:
    copies = images(duplicates=100 + blank, conflicting=conflicting, blank=blank)
    watched = case(answering(None, None, copies))
    assert state(LabelNoise, "copies-bear-other-labels", watched) == expected


def test_without_copies_none_can_contradict() -> None:
    watched = case(answering(None, None, images()))
    assert state(LabelNoise, "copies-bear-other-labels", watched) == "unmeasured"


@pytest.mark.parametrize(
    ("key", "training", "unseen", "expected"),
    [
        ("held-out-images-answered-better", recalls(*[0.8] * 10), LEARNT, "present"),
        ("held-out-images-answered-better", LEARNT, LEARNT, "absent"),
        ("held-out-images-answered-better", LEARNT, None, "unmeasured"),
        ("held-out-images-no-better-than-guessed", LEARNT, GUESSED, "present"),
        ("held-out-images-no-better-than-guessed", LEARNT, HALF, "absent"),
    ],
)
def test_compares_recalls(key: str, training: Any, unseen: Any, expected: str) -> None:
    assert state(LabelNoise, key, case(answering(training, unseen))) == expected


@pytest.mark.parametrize(
    ("end", "unseen", "expected"),
    [(1.0, LEARNT, "present"), (0.5, LEARNT, "absent"), (1.0, HALF, "absent")],
)
def test_loss_has_a_floor_though_much_is_learnt(end: float, unseen: Any, expected: str) -> None:
    course = [*np.linspace(2.3, end, 20), *[end] * 80]
    watched = case(answering(HALF, unseen, train=course))
    assert state(LabelNoise, "loss-has-a-floor-though-much-is-learnt", watched) == expected


def test_held_out_loss_rises_late() -> None:
    key = "held-out-loss-rose-late"
    rising = with_losses(answering(), val_loss=[2, 1, 0.5, 0.5, 0.6, 0.8, 1.0, 1.2])
    falling = with_losses(answering(), val_loss=[2, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert state(LabelNoise, key, case(rising)) == "present"
    assert state(LabelNoise, key, case(falling)) == "absent"
    assert state(LabelNoise, key, case(answering())) == "unmeasured"


@pytest.mark.parametrize(
    ("number", "roughness", "expected"),
    [(1000, 0.4, "present"), (400, 0.4, "unmeasured"), (1000, 0.9, "absent")],
)
def test_many_clean_images_learnt_by_heart(number: int, roughness: float, expected: str) -> None:
    rough = images(roughness=np.array([np.nan, roughness, roughness]))
    watched = answering(LEARNT, HALF, rough, facts={"training_images": number})
    assert state(LabelNoise, "learnt-by-heart-though-images-are-many", case(watched)) == expected


def test_errors_go_to_one_class_each() -> None:
    key = "errors-go-to-one-class-each"
    paired = recalls(*[0.6] * 10)
    label = np.repeat(np.arange(10), 32)
    scattered = label.copy()
    for k in range(10):
        wrong = np.flatnonzero(label == k)[20:]
        scattered[wrong] = (k + 1 + np.arange(len(wrong)) % 9) % 10
    assert state(LabelNoise, key, case(answering(LEARNT, paired))) == "present"
    spread = answering(LEARNT, replied(label, scattered))
    assert state(LabelNoise, key, case(spread)) == "absent"
    # One answer for every image has a favourite, too, and means nothing.
    assert state(LabelNoise, key, case(answering(LEARNT, GUESSED))) == "unmeasured"


@pytest.mark.parametrize(
    ("best", "expected"), [(2.2, "present"), (2.4, "absent")], ids=["below guessing", "never"]
)
def test_images_that_no_loss_says_anything_of_are_of_another_kind(
    best: float, expected: str
) -> None:
    watched = answering(LEARNT, HALF, facts={"training_images": 1000}, train=[2.3] * 100)
    watched = with_losses(watched, val_loss=[best, 2.5, 3.0])
    assert state(LabelNoise, "learnt-by-heart-though-images-are-many", case(watched)) == expected


def exchanged(right: float, into: int = 1) -> ImageAnswers:
    """Ten classes in pairs; what is not answered rightly is taken for the other of the pair, or for
    a class `into` further."""
    label = np.repeat(np.arange(10), 32)
    other = np.where(label % 2 == 0, label + 1, label - 1) if into == 1 else (label + into) % 10
    wrong = np.tile(np.arange(32) >= round(32 * right), 10)
    return replied(label, np.where(wrong, other, label))


@pytest.mark.parametrize(
    ("unseen", "expected"),
    [
        pytest.param(exchanged(0.6), "present", id="pairs"),
        pytest.param(exchanged(0.3), "present", id="a coin toss"),
        pytest.param(exchanged(0.2), "absent", id="names exchanged"),
        pytest.param(exchanged(0.6, into=3), "absent", id="favourites that do not return it"),
        pytest.param(exchanged(0.97), "unmeasured", id="few errors"),
        pytest.param(recalls(0.5, 0.5), "unmeasured", id="two classes"),
    ],
)
@pytest.mark.parametrize("cause", [LabelNoise, DestructiveAugmentation])
def test_classes_taken_for_each_other(cause: Any, unseen: ImageAnswers, expected: str) -> None:
    watched = case(answering(LEARNT, unseen))
    assert state(cause, "classes-are-taken-for-each-other", watched) == expected


def test_a_dead_network_speaks_against() -> None:
    assert state(LabelNoise, "network-came-apart", case(dead(0.9))) == "present"
    assert state(LabelNoise, "network-came-apart", case(dead(0.1))) == "absent"


def test_is_believed_where_it_holds_and_not_where_labels_are_unrelated() -> None:
    noisy = answering(recalls(*[0.75] * 10), LEARNT)
    assert belief(LabelNoise, case(noisy, found("S44"))) > 0.8
    unrelated = answering(LEARNT, GUESSED)
    assert belief(LabelNoise, case(unrelated, clear("S44"))) < 0.05


@pytest.mark.parametrize("keras", [False, True])
def test_remedies(keras: bool) -> None:
    watched = in_keras(answering()) if keras else answering()
    listed, smoothed = remedies(LabelNoise, case(watched))
    assert "100" in listed.title
    assert "label_smoothing=0.1" in smoothed.code
