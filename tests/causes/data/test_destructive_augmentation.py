"""C35: augmentation that destroys what it varies."""

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
    dead,
    held_out,
    images,
    in_keras,
    recalls,
    remedies,
    state,
)
from snellen.causes.data.destructive_augmentation import DestructiveAugmentation as Destructive

OTHER = held_out(separability=0.95, separability_error=0.01, std=np.array([0.35]))
POOR = recalls(*[0.4] * 10)


@pytest.mark.parametrize(
    ("auc", "expected"), [(0.7, "present"), (0.6, "absent"), (float("nan"), "unmeasured")]
)
def test_look(auc: float, expected: str) -> None:
    watched = case(answering(POOR, HALF, held_out(separability=auc)))
    assert state(Destructive, "sets-told-apart", watched) == expected


@pytest.mark.parametrize(("std", "expected"), [(0.3, "present"), (0.26, "absent")])
def test_contrast(std: float, expected: str) -> None:
    watched = case(answering(POOR, HALF, held_out(std=np.array([std]))))
    assert state(Destructive, "training-images-changed-in-contrast", watched) == expected


@pytest.mark.parametrize(
    ("training", "unseen", "better", "known", "learnt"),
    [
        (POOR, HALF, "present", "absent", "absent"),
        (LEARNT, HALF, "absent", "present", "present"),
        (LEARNT, LEARNT, "absent", "absent", "present"),
        (GUESSED, None, "unmeasured", "unmeasured", "absent"),
    ],
)
def test_recalls(training: Any, unseen: Any, better: str, known: str, learnt: str) -> None:
    watched = case(answering(training, unseen))
    assert state(Destructive, "held-out-images-answered-better", watched) == better
    assert state(Destructive, "training-images-known-and-new-ones-not", watched) == known
    assert state(Destructive, "training-images-learnt", watched) == learnt


@pytest.mark.parametrize(("end", "expected"), [(0.8, "present"), (0.6, "absent")])
def test_loss(end: float, expected: str) -> None:
    watched = case(answering(train=[*np.linspace(2.3, end, 20), *[end] * 80]))
    assert state(Destructive, "loss-stays-up", watched) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "absent"),
        ({"at_minimum": np.array([0.8])}, "present"),
        ({"at_maximum": np.array([0.3])}, "present"),
        ({"blank": 21}, "present"),
        ({"blank": 20}, "absent"),
    ],
)
def test_erased_parts(changes: dict[str, Any], expected: str) -> None:
    watched = case(answering(None, None, images(**changes)))
    assert state(Destructive, "parts-erased-or-clipped", watched) == expected


def test_a_dead_network_speaks_against() -> None:
    assert state(Destructive, "network-came-apart", case(dead(0.9))) == "present"


def test_is_believed_where_training_images_are_the_harder_ones() -> None:
    course = [*np.linspace(2.3, 1.6, 20), *[1.6] * 80]
    assert belief(Destructive, case(answering(POOR, HALF, OTHER, train=course))) > 0.7
    # Prepared otherwise: held-out images are the harder ones.
    mismatch = answering(LEARNT, GUESSED, OTHER, train=list(np.linspace(2.3, 0.1, 100)))
    assert belief(Destructive, case(mismatch)) < 0.15


@pytest.mark.parametrize("keras", [False, True])
def test_remedies(keras: bool) -> None:
    watched = in_keras(answering()) if keras else answering()
    gentle, looked = remedies(Destructive, case(watched))
    assert "0.1, 0.1" in gentle.code
    assert "20" in looked.title
