"""C07: held-out images prepared otherwise, and other reasons for a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    GUESSED,
    HALF,
    LEARNT,
    answering,
    asked,
    belief,
    case,
    clear,
    found,
    held_out,
    in_keras,
    remedies,
    state,
)
from snellen.causes.data.train_test_mismatch import TrainTestMismatch
from symptoms.data_builders import with_losses

DARK = held_out(
    mean=np.array([0.002]), std=np.array([0.001]), separability=1.0, separability_error=0.01
)


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        (0.5, 0.25, "absent"),
        (0.66, 0.25, "absent"),
        (0.68, 0.25, "present"),
        (0.5, 0.15, "present"),
        (0.5, 0.42, "present"),
        (0.5, 0.2, "absent"),
    ],
)
def test_scale(mean: float, std: float, expected: str) -> None:
    audit = held_out(mean=np.array([mean]), std=np.array([std]))
    watched = case(answering(LEARNT, HALF, audit))
    assert state(TrainTestMismatch, "held-out-images-on-another-scale", watched) == expected


def test_any_channel_may_differ_and_flat_ones_are_left_out() -> None:
    key = "held-out-images-on-another-scale"
    two = held_out(
        mean=np.array([0.5, 0.9]),
        std=np.array([0.25, 0.25]),
        training_mean=np.array([0.5, 0.5]),
        training_std=np.array([0.25, 0.25]),
    )
    assert state(TrainTestMismatch, key, case(answering(LEARNT, HALF, two))) == "present"
    flat = held_out(training_std=np.array([0.0]))
    assert state(TrainTestMismatch, key, case(answering(LEARNT, HALF, flat))) == "unmeasured"
    few = held_out(images=19)
    assert state(TrainTestMismatch, key, case(answering(LEARNT, HALF, few))) == "unmeasured"


@pytest.mark.parametrize(
    ("auc", "error", "expected"),
    [(0.7, 0.02, "present"), (0.64, 0.02, "absent"), (0.7, 0.2, "absent")],
)
def test_look(auc: float, error: float, expected: str) -> None:
    audit = held_out(separability=auc, separability_error=error)
    watched = case(answering(LEARNT, HALF, audit))
    assert state(TrainTestMismatch, "sets-told-apart", watched) == expected


@pytest.mark.parametrize(
    ("training", "unseen", "worse", "learnt"),
    [
        (LEARNT, HALF, "present", "present"),
        (LEARNT, LEARNT, "absent", "present"),
        (GUESSED, GUESSED, "absent", "absent"),
        (LEARNT, None, "unmeasured", "unmeasured"),
    ],
)
def test_recalls(training: Any, unseen: Any, worse: str, learnt: str) -> None:
    watched = case(answering(training, unseen))
    assert state(TrainTestMismatch, "held-out-images-worse", watched) == worse
    assert state(TrainTestMismatch, "training-images-learnt", watched) == learnt


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([30] * 10, "absent"),
        ([30] * 10 + [30], "present"),
        ([100] * 10 + [50], "absent"),
        ([0] * 10, "unmeasured"),
    ],
)
def test_classes(counts: list[int], expected: str) -> None:
    watched = case(answering(LEARNT, HALF, held_out(counts=np.array(counts))))
    assert state(TrainTestMismatch, "classes-never-trained", watched) == expected


def test_held_out_loss_never_falls() -> None:
    key = "held-out-loss-never-below-guessing"
    watched = answering(LEARNT, GUESSED, train=list(np.linspace(2.3, 0.05, 100)))
    assert state(TrainTestMismatch, key, case(watched)) == "unmeasured"
    lost = with_losses(watched, val_loss=[2.4, 2.6, 3.0])
    better = with_losses(watched, val_loss=[1.4, 1.2, 3.0])
    assert state(TrainTestMismatch, key, case(lost)) == "present"
    assert state(TrainTestMismatch, key, case(better)) == "absent"


def test_a_mark_is_told_from_another_preparation() -> None:
    key = "sets-differ-and-evidence-lies-off-the-object"
    apart = answering(LEARNT, GUESSED, DARK)
    assert state(TrainTestMismatch, key, case(apart, found("S51"))) == "present"
    assert state(TrainTestMismatch, key, case(apart, clear("S51"))) == "absent"
    assert state(TrainTestMismatch, key, case(apart)) == "unmeasured"
    alike = answering(LEARNT, GUESSED, held_out())
    assert state(TrainTestMismatch, key, case(alike, found("S51"))) == "unmeasured"
    scale = "held-out-images-on-another-scale"
    assert asked(TrainTestMismatch, scale, case(apart, found("S51"))).reliability < 1
    assert asked(TrainTestMismatch, scale, case(apart)).reliability == 1


def test_is_believed_where_it_holds_alone() -> None:
    assert belief(TrainTestMismatch, case(answering(LEARNT, GUESSED, DARK))) > 0.95
    by_heart = answering(LEARNT, HALF, held_out())
    assert belief(TrainTestMismatch, case(by_heart)) < 0.15


@pytest.mark.parametrize("keras", [False, True])
def test_remedies(keras: bool) -> None:
    for audit, second in ((DARK, "mean and deviation"), (held_out(), "Split anew")):
        watched = answering(LEARNT, GUESSED, audit)
        given = remedies(TrainTestMismatch, case(in_keras(watched) if keras else watched))
        assert second in given[1].title
    assert "0.5" in remedies(TrainTestMismatch, case(answering(LEARNT, GUESSED, DARK)))[1].code
