"""C29: sorted batches."""

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
    images,
    in_keras,
    recalls,
    remedies,
    state,
)
from snellen.causes.data.unshuffled_data import UnshuffledData
from symptoms.data_builders import replied

SORTED = images(label_entropy=0.1, single_class_batches=25)
ONE = replied(np.repeat(np.arange(10), 32), np.full(320, 9))


@pytest.mark.parametrize(
    ("entropy", "spread", "expected"),
    [(1.6, 0.02, "present"), (1.7, 0.02, "absent"), (1.6, 0.3, "absent")],
)
def test_entropy(entropy: float, spread: float, expected: str) -> None:
    audit = images(label_entropy=entropy, label_entropy_spread=spread)
    watched = case(answering(None, None, audit))
    assert state(UnshuffledData, "batches-hold-few-classes", watched) == expected


@pytest.mark.parametrize("changes", [{"shuffled_entropy": 0.0}, {"label_entropy": float("nan")}])
def test_without_classes_nothing_is_said(changes: dict[str, Any]) -> None:
    watched = case(answering(None, None, images(**changes)))
    assert state(UnshuffledData, "batches-hold-few-classes", watched) == "unmeasured"


@pytest.mark.parametrize(("single", "expected"), [(7, "present"), (6, "absent")])
def test_single_classes(single: int, expected: str) -> None:
    watched = case(answering(None, None, images(single_class_batches=single)))
    assert state(UnshuffledData, "batches-of-one-class", watched) == expected


@pytest.mark.parametrize(
    ("training", "few", "learnt"),
    [
        (ONE, "present", "absent"),
        (LEARNT, "absent", "present"),
        (HALF, "absent", "absent"),
        (None, "unmeasured", "unmeasured"),
    ],
)
def test_answers(training: Any, few: str, learnt: str) -> None:
    watched = case(answering(training))
    assert state(UnshuffledData, "few-classes-answered", watched) == few
    assert state(UnshuffledData, "training-images-answered", watched) == learnt


def test_two_classes_have_no_few() -> None:
    watched = case(answering(recalls(1.0, 0.0)))
    assert state(UnshuffledData, "few-classes-answered", watched) == "unmeasured"


def test_loss_swings_with_the_epoch() -> None:
    rng = np.random.default_rng(0)
    within = "loss-swings-within-each-epoch"
    steps = np.arange(1000)
    slow = 1 + 0.5 * np.sin(2 * np.pi * steps / 100) + 0.01 * rng.normal(size=1000)
    noisy = 1 + 0.5 * rng.normal(size=1000)
    assert state(UnshuffledData, within, case(answering(train=list(slow)))) == "present"
    assert state(UnshuffledData, within, case(answering(train=list(noisy)))) == "absent"
    assert state(UnshuffledData, within, case(answering())) == "unmeasured"
    short = answering(train=list(slow), facts={"steps_per_epoch": 4})
    assert state(UnshuffledData, within, case(short)) == "unmeasured"


def test_loss_swings_between_epochs() -> None:
    key = "loss-swings"
    falling = list(np.linspace(2, 1, 1000))
    jumping = [1.0 + (i // 100 % 2) for i in range(1000)]
    assert state(UnshuffledData, key, case(answering(train=falling))) == "absent"
    assert state(UnshuffledData, key, case(answering(train=jumping))) == "present"
    assert state(UnshuffledData, key, case(answering())) == "unmeasured"


def test_is_believed_where_batches_are_sorted() -> None:
    assert belief(UnshuffledData, case(answering(ONE, GUESSED, SORTED))) > 0.9
    assert belief(UnshuffledData, case(answering(ONE, GUESSED, images()))) < 0.05


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_hold_the_batch_size(keras: bool) -> None:
    watched = answering(facts={"batch_size": 48, "training_images": 700})
    given = remedies(UnshuffledData, case(in_keras(watched) if keras else watched))
    assert "700" in given[0].title
    assert all("48" in remedy.code for remedy in given)
