"""C04: noise, blur and clipping."""

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
from snellen.causes.data.poor_image_quality import PoorImageQuality
from snellen.core import Severity


def rough(down: float, along: float) -> dict[Any, Any]:
    return images(roughness=np.array([0.01, down, along]))


@pytest.mark.parametrize(
    ("down", "along", "grainy", "smooth"),
    [
        (0.71, 0.8, "present", "absent"),
        (0.69, 0.8, "absent", "absent"),
        (0.05, 0.05, "absent", "present"),
        (0.05, 0.07, "absent", "absent"),
    ],
)
def test_measures_neighbours(down: float, along: float, grainy: str, smooth: str) -> None:
    watched = case(answering(None, None, rough(down, along)))
    assert state(PoorImageQuality, "images-are-grainy", watched) == grainy
    assert state(PoorImageQuality, "images-are-smooth", watched) == smooth


@pytest.mark.parametrize("roughness", [[0.5], [0.5, np.nan, np.nan]])
def test_images_without_neighbours_are_not_judged(roughness: list[float]) -> None:
    watched = case(answering(None, None, images(roughness=np.array(roughness))))
    assert state(PoorImageQuality, "images-are-grainy", watched) == "unmeasured"


@pytest.mark.parametrize(("share", "expected"), [(0.31, "present"), (0.29, "absent")])
def test_clipping(share: float, expected: str) -> None:
    watched = case(answering(None, None, images(at_maximum=np.array([share]))))
    assert state(PoorImageQuality, "images-are-clipped", watched) == expected


@pytest.mark.parametrize(
    ("unseen", "worse", "guessed"),
    [
        (HALF, "present", "absent"),
        (GUESSED, "absent", "present"),
        (LEARNT, "absent", "absent"),
        (None, "unmeasured", "unmeasured"),
    ],
)
def test_held_out_images_are_worse_and_above_chance(unseen: Any, worse: str, guessed: str) -> None:
    watched = case(answering(LEARNT, unseen))
    assert state(PoorImageQuality, "held-out-images-worse", watched) == worse
    assert state(PoorImageQuality, "held-out-images-no-better-than-guessed", watched) == guessed


def test_first_filters() -> None:
    key = "first-filters-look-like-noise"
    assert state(PoorImageQuality, key, case(answering(), found("S25", Severity.NOTE))) == "present"
    assert state(PoorImageQuality, key, case(answering(), clear("S25"))) == "absent"
    assert state(PoorImageQuality, key, case(answering())) == "unmeasured"


@pytest.mark.parametrize(("number", "expected"), [(500, "present"), (501, "absent")])
def test_few_images_explain_a_gap_otherwise(number: int, expected: str) -> None:
    watched = case(answering(facts={"training_images": number}))
    assert state(PoorImageQuality, "few-images-of-each-class", watched) == expected


def test_a_dead_network_speaks_against() -> None:
    assert state(PoorImageQuality, "network-came-apart", case(dead(0.9))) == "present"


def test_is_believed_where_images_are_grainy_and_learnt_a_little() -> None:
    grainy = answering(LEARNT, recalls(*[0.7] * 10), rough(0.9, 0.9))
    clean = answering(LEARNT, recalls(*[0.7] * 10), rough(0.3, 0.4))
    assert belief(PoorImageQuality, case(grainy)) > 0.5
    assert belief(PoorImageQuality, case(clean)) < 0.1


@pytest.mark.parametrize("keras", [False, True])
@pytest.mark.parametrize(("roughness", "first"), [(0.9, "median"), (0.03, "Sharpen")])
def test_remedies_suit_what_is_poor(keras: bool, roughness: float, first: str) -> None:
    watched = answering(None, None, rough(roughness, roughness))
    given = remedies(PoorImageQuality, case(in_keras(watched) if keras else watched))
    assert first in given[0].title
