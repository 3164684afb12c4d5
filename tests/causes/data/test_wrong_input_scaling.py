"""C05: ranges and orders that the weights are not made for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    answering,
    belief,
    case,
    clear,
    entering,
    found,
    images,
    in_keras,
    probe,
    remedies,
    state,
)
from snellen.causes.data.wrong_input_scaling import WrongInputScaling
from snellen.core import Severity
from snellen.stats import MapSummary, WeightState, WeightUpdate
from symptoms.build import conv, head, inline, maps, update, weights

SGD = {"optimizer": "SGD", "learning_rate": 0.05}
HE = np.sqrt(2 / 27) * np.sqrt(27)
"""Norm of a filter of 27 weights of He's size."""


@pytest.mark.parametrize(
    ("low", "high", "mean", "std", "expected"),
    [
        (0.0, 1.0, 0.3, 0.25, "absent"),
        (-2.1, 2.6, 0.0, 1.0, "absent"),
        (0.0, 255.0, 100.0, 60.0, "present"),
        (0.0, 20.0, 1.0, 2.0, "absent"),
        (0.0, 0.004, 0.001, 0.001, "present"),
        (0.9, 1.1, 1.0, 0.1, "present"),
        (0.0, 2.0, 0.8, 0.25, "present"),
        (0.0, 2.0, 0.7, 0.25, "absent"),
        (-15.0, 15.0, 0.0, 4.5, "present"),
    ],
)
def test_judges_the_range(low: float, high: float, mean: float, std: float, expected: str) -> None:
    watched = case(answering(None, None, entering(low, high, mean, std)))
    assert state(WrongInputScaling, "values-out-of-range", watched) == expected


def test_without_a_look_nothing_is_said() -> None:
    assert state(WrongInputScaling, "values-out-of-range", case(answering())) == "unmeasured"


def test_a_wrong_order_needs_no_wrong_range() -> None:
    usual = answering(None, None, entering(0, 1, 0.3, 0.25))
    key = "values-out-of-range"
    assert state(WrongInputScaling, key, case(usual, found("S39"))) == "unmeasured"
    assert state(WrongInputScaling, key, case(usual, found("S39", Severity.NOTE))) == "absent"


@pytest.mark.parametrize(
    ("blank", "copies", "expected"),
    [(500, 0, "present"), (500, 499, "absent"), (2, 0, "unmeasured"), (500, -1, "unmeasured")],
)
def test_weak_images_that_differ_are_on_another_scale(
    blank: int, copies: int, expected: str
) -> None:
    watched = case(answering(None, None, images(blank=blank, duplicates=copies)))
    assert state(WrongInputScaling, "images-on-several-scales", watched) == expected


def test_order_of_axes() -> None:
    key = "axes-or-colours-in-another-order"
    assert state(WrongInputScaling, key, case(answering(), found("S39"))) == "present"
    assert state(WrongInputScaling, key, case(answering(), clear("S39"))) == "absent"
    assert state(WrongInputScaling, key, case(answering())) == "unmeasured"


def started(rms: float, norm: float) -> Any:
    """A first layer whose filters had this norm and whose maps had this size."""
    first = probe("conv", MapSummary, "pre", (0, maps(mean=0.0, std=rms)))
    began = weights(initial_norm=np.full(8, norm))
    return answering(None, None, first, probe("conv", WeightState, "", (1000, began)))


@pytest.mark.parametrize(
    ("rms", "norm", "expected"),
    [
        (100.0, HE, "present"),
        (0.001, HE, "present"),
        (1.0, HE, "absent"),
        # The weights are what is odd.
        (100.0, 0.3 * HE, "present"),
        (100.0, 0.2 * HE, "absent"),
        (100.0, 100 * HE, "absent"),
    ],
)
def test_first_maps_are_odd_though_weights_are_usual(
    rms: float, norm: float, expected: str
) -> None:
    key = "first-maps-out-of-range-of-usual-weights"
    assert state(WrongInputScaling, key, case(started(rms, norm))) == expected


def test_weights_of_unusual_size_speak_against() -> None:
    key = "weights-began-at-an-unusual-size"
    assert state(WrongInputScaling, key, case(started(1.0, 100 * HE))) == "present"
    assert state(WrongInputScaling, key, case(started(1.0, HE))) == "absent"
    assert state(WrongInputScaling, key, case(answering())) == "unmeasured"


@pytest.mark.parametrize(
    ("drift", "rate", "expected"),
    [(5.0, 0.05, "present"), (1.0, 0.05, "absent"), (5.0, 1.0, "absent")],
)
def test_first_steps_at_a_usual_rate(drift: float, rate: float, expected: str) -> None:
    history = {
        **inline("conv", WeightUpdate, "", (0, update(drift=drift))),
        **probe("conv", MapSummary, "pre", (0, maps())),
        **inline("conv", MapSummary, "pre", (0, maps())),
        **inline("conv", MapSummary, "post", (0, maps())),
        **probe("conv", MapSummary, "post", (0, maps())),
    }
    watched = answering(None, None, history, facts=SGD | {"learning_rate": rate})
    key = "first-steps-shift-the-maps-at-a-usual-rate"
    assert state(WrongInputScaling, key, case(watched)) == expected


def test_is_believed_for_raw_pixels_and_not_for_usual_ones() -> None:
    raw = answering(None, None, entering(0, 255, 80, 90))
    usual = answering(None, None, entering(0, 1, 0.3, 0.35))
    assert belief(WrongInputScaling, case(raw)) > 0.5
    assert belief(WrongInputScaling, case(usual)) < 0.05


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_hold_mean_and_deviation_of_the_images(keras: bool) -> None:
    raw = answering(None, None, entering(0, 255, 80, 90))
    standardised, divided = remedies(WrongInputScaling, case(in_keras(raw) if keras else raw))
    assert "80" in standardised.code
    assert ("8.1e+03" in standardised.code) or ("8100" in standardised.code) or not keras
    assert "255" in divided.title


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_for_what_was_divided_twice_and_for_axes(keras: bool) -> None:
    dark = answering(None, None, entering(0, 0.0039, 0.0012, 0.0014))
    dark = in_keras(dark) if keras else dark
    assert any("twice" in r.title for r in remedies(WrongInputScaling, case(dark)))
    turned = case(dark, found("S39"))
    first = remedies(WrongInputScaling, turned)[0]
    assert ("transpose" if keras else "permute") in first.code


def test_remedies_survive_an_empty_case() -> None:
    bare = dataclasses.replace(answering(), layers=(conv(), head()))
    remedies(WrongInputScaling, case(bare))
