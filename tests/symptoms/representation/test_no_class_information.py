"""S17: finds last maps that know nothing of the classes, by permuting the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import Features, ImageAnswers
from snellen.symptoms.representation.no_class_information import NoClassInformation
from symptoms.build import UNHARMED, conv, grade, head, probe, sentence, subject
from symptoms.richer import class_features, image_answers

LABELS = np.arange(320) % 10


def watched(features: Features, labels: Any = LABELS, *, step: int = 1000) -> Subject:
    history = probe("conv", Features, "post", (step, features))
    history |= probe("", ImageAnswers, "", (step, image_answers(labels)))
    return subject(conv(), head(inputs=("conv",)), history=history)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("apart", "expected"), [(0.0, "warning"), (1.0, "clear"), (4.0, "clear")])
def test_information_or_none(apart: float, expected: str, seed: int) -> None:
    features = class_features(LABELS, apart=apart, seed=seed + 10)
    assert grade(NoClassInformation(), watched(features)) == expected


def test_one_informative_component_among_many_is_enough() -> None:
    scores = np.random.default_rng(0).normal(size=(320, 64))
    scores[:, 60] += 2.0 * (LABELS == 3)
    assert grade(NoClassInformation(), watched(Features(scores.astype(np.float32), 1.0))) == "clear"


def test_small_differences_in_many_components_are_enough() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(320, 64)) + 0.35 * rng.normal(size=(10, 64))[LABELS]
    assert grade(NoClassInformation(), watched(Features(scores.astype(np.float32), 1.0))) == "clear"


def test_constant_or_broken_maps_have_nothing_to_share_out() -> None:
    constant = Features(np.zeros((320, 8), np.float32), float("nan"))
    broken = Features(np.full((320, 8), np.nan, np.float32), float("nan"))
    empty = Features(np.zeros((320, 0), np.float32), float("nan"))
    for features in (constant, broken, empty):
        assert grade(NoClassInformation(), watched(features)) == "undecided"


def test_few_images_or_no_labels() -> None:
    few = class_features(LABELS[:99], apart=0.0)
    assert grade(NoClassInformation(), watched(few, LABELS[:99])) == "undecided"
    features = class_features(LABELS, apart=0.0)
    assert grade(NoClassInformation(), watched(features, np.full(320, -1))) == "silent"
    assert grade(NoClassInformation(), watched(features, np.zeros(320, int))) == "silent"
    assert grade(NoClassInformation(), subject(conv(), head())) == "silent"


def test_before_the_late_phase_nothing_is_expected() -> None:
    features = class_features(LABELS, apart=0.0)
    assert grade(NoClassInformation(), watched(features, step=150)) == "undecided"


def test_without_harm_it_is_a_note() -> None:
    features = class_features(LABELS, apart=0.0)
    assert grade(NoClassInformation(), watched(features), outcome=UNHARMED) == "note"


def test_sentence() -> None:
    said = sentence(NoClassInformation(), watched(class_features(LABELS, apart=0.0)))
    assert said.startswith("at most ")
    assert "of a feature's variance lies between the 10 classes" in said
    assert said.endswith("over 200 permutations; allowed: 0.05)")
