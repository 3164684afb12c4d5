"""S43: labels that have nothing to do with the images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import Features, HeldOutAudit, ImageAnswers
from snellen.symptoms.data.labels_without_signal import LabelsWithoutSignal
from symptoms.build import HARMED, UNHARMED, grade, sentence, values
from symptoms.data_builders import (
    answering,
    audited,
    features,
    held_out_audit,
    recalls,
    replied,
)
from symptoms.richer import class_features

LABELS = np.repeat(np.arange(10), 32)
KNOWN = recalls(*[1.0] * 10)
GUESSED = recalls(*[0.1] * 10)


def untrained(apart: float, *, step: int = 0) -> dict[Any, Any]:
    return features("conv", class_features(LABELS, apart=apart), step=step)


def watched(
    training: ImageAnswers | None, held_out: ImageAnswers | None, *more: Any, **changes: Any
) -> Subject:
    return answering(training, held_out, *more, **changes)


@pytest.mark.parametrize(
    ("training", "held_out", "expected"),
    [
        pytest.param(KNOWN, GUESSED, "error", id="learnt by heart"),
        pytest.param(KNOWN, recalls(*[0.125] * 10), "error", id="a little above guessing"),
        pytest.param(KNOWN, recalls(*[0.2] * 10), "clear", id="three deviations above guessing"),
        pytest.param(KNOWN, recalls(*[0.9] * 10), "clear", id="healthy"),
        pytest.param(recalls(*[0.35] * 10), GUESSED, "undecided", id="hardly learnt"),
        pytest.param(recalls(*[0.41] * 10), GUESSED, "error", id="a third of the way"),
        pytest.param(KNOWN, recalls(*[0.1] * 10, each=5), "undecided", id="50 held-out images"),
        pytest.param(KNOWN, None, "undecided", id="none held out, no features"),
    ],
)
def test_held_out_images_answered_by_guessing(
    training: ImageAnswers, held_out: ImageAnswers | None, expected: str
) -> None:
    assert grade(LabelsWithoutSignal(), watched(training, held_out), "", UNHARMED) == expected


def test_held_out_images_of_another_kind_say_nothing_of_the_labels() -> None:
    other = audited(HeldOutAudit, held_out_audit(separability=0.95))
    assert grade(LabelsWithoutSignal(), watched(KNOWN, GUESSED, other, untrained(4.0)), "") == (
        "clear"
    )


@pytest.mark.parametrize(
    ("apart", "harmed", "unharmed"),
    [
        pytest.param(0.0, "warning", "note", id="no signal"),
        pytest.param(0.8, "clear", "clear", id="a weak signal"),
        pytest.param(4.0, "clear", "clear", id="a clear one, whatever became of the training"),
    ],
)
def test_a_reader_of_the_untrained_network(apart: float, harmed: str, unharmed: str) -> None:
    net = watched(GUESSED, None, untrained(apart))
    assert grade(LabelsWithoutSignal(), net, "", HARMED) == harmed
    assert grade(LabelsWithoutSignal(), net, "", UNHARMED) == unharmed


def test_a_model_that_answers_all_alike_may_have_another_fault() -> None:
    alike = replied(LABELS, LABELS * 0)
    net = watched(alike, None, untrained(0.0))
    assert grade(LabelsWithoutSignal(), net, "", HARMED) == "note"


def test_features_of_the_trained_network_hold_what_it_learnt_by_heart() -> None:
    assert grade(LabelsWithoutSignal(), watched(KNOWN, None, untrained(0.0, step=1000)), "") == (
        "undecided"
    )


@pytest.mark.parametrize(
    "scores",
    [
        np.zeros((320, 4), np.float32),
        np.full((320, 4), np.nan, np.float32),
        np.zeros((320, 0), np.float32),
        np.zeros((3, 4), np.float32),
    ],
    ids=["constant", "not finite", "none", "of other images"],
)
def test_features_that_say_nothing(scores: Any) -> None:
    seen = features("conv", Features(scores, 0.9), step=0)
    assert grade(LabelsWithoutSignal(), watched(GUESSED, None, seen), "") == "undecided"


def test_few_images_of_each_class() -> None:
    label = np.repeat(np.arange(40), 8)
    seen = features("conv", class_features(label, apart=0.0), step=0)
    net = watched(replied(label, (label + 1) % 40), None, seen)
    assert grade(LabelsWithoutSignal(), net, "") == "undecided"


def test_where_there_are_no_classes() -> None:
    net = watched(None, None, untrained(0.0), targets=values(1.0))
    assert grade(LabelsWithoutSignal(), net, "") == "silent"


def test_sentences() -> None:
    assert sentence(LabelsWithoutSignal(), watched(KNOWN, GUESSED)) == (
        "macro recall is 1.00 on training images and 0.09 on 320 held-out ones, where guessing "
        "gives 0.10 (allowed: 3 standard errors above guessing)"
    )
    said = sentence(LabelsWithoutSignal(), watched(GUESSED, None, untrained(0.0)))
    assert said.startswith(
        "a simple reader of the first maps of 320 images finds the labels with a macro recall of 0."
    )
    assert said.endswith("allowed: below 0.05)")
