"""S04: finds maps that are the same for all images, unless the images are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import InputDependence, MapSummary
from snellen.symptoms.activation.input_independent_maps import InputIndependentMaps
from symptoms.build import conv, dependence, grade, head, maps, probe, sentence, subject


def layer_with(*ratios: float, history: dict[Any, Any] | None = None, **changes: Any) -> Subject:
    """A layer with these input-dependence ratios, at steps that end at 1000."""
    images = changes.pop("images", 320)
    layer = conv(**changes)
    part = "pre" if layer.activation == "linear" else "post"
    steps = [1000 - 100 * i for i in range(len(ratios))][::-1]
    entries = [(s, dependence(r, images=images)) for s, r in zip(steps, ratios, strict=True)]
    seen = probe("conv", InputDependence, part, *entries)
    return subject(layer, history=seen | (history or {}))


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        pytest.param([0.3], "clear", id="healthy"),
        pytest.param([1e-3], "clear", id="exactly a thousandth"),
        pytest.param([9e-4], "warning", id="less"),
        pytest.param([1e-6], "warning", id="exactly a millionth"),
        pytest.param([9e-7], "error", id="less than a millionth"),
        pytest.param([1e-9, 9e-7], "warning", id="a millionth, and improving"),
        pytest.param([8e-7, 9e-7], "error", id="a millionth, hardly improving"),
        pytest.param([2**-22, 2**-21], "error", id="doubled is hardly improving"),
        pytest.param([0.0], "error", id="constant"),
        pytest.param([1e-9, 0.2], "clear", id="recovered"),
    ],
)
def test_both_sides_of_each_limit(ratios: list[float], expected: str) -> None:
    assert grade(InputIndependentMaps(), layer_with(*ratios)) == expected


def test_sentence() -> None:
    assert sentence(InputIndependentMaps(), layer_with(2e-5)) == (
        "2e-5 of the maps' energy differs between 320 images (allowed: at least 0.001); 8 of 8 "
        "channels show the same map for every image"
    )


def test_a_layer_without_activation_is_judged_by_what_it_puts_out() -> None:
    assert grade(InputIndependentMaps(), layer_with(1e-9, activation="linear")) == "error"


def test_before_training_and_in_the_warm_up_it_is_survivable() -> None:
    history = probe("conv", InputDependence, "post", (0, dependence(1e-9)))
    assert grade(InputIndependentMaps(), subject(conv(), history=history)) == "undecided"
    history = probe("conv", InputDependence, "post", (99, dependence(1e-9)))
    assert grade(InputIndependentMaps(), subject(conv(), history=history)) == "undecided"


def zeros() -> InputDependence:
    return InputDependence(320, np.zeros(8), np.zeros(8), np.zeros(8))


def test_maps_of_zeros_are_dead_channels_where_zeros_are_made() -> None:
    history = probe("conv", InputDependence, "post", (1000, zeros()))
    assert grade(InputIndependentMaps(), subject(conv(), history=history)) == "silent"
    smooth = subject(conv(activation="gelu"), history=history)
    assert grade(InputIndependentMaps(), smooth) == "error"


def test_constant_images_explain_constant_maps() -> None:
    blank = probe("", MapSummary, "input", (0, maps(channels=3, mean=0.5, std=0.0)))
    first = probe("conv", InputDependence, "pre", (1000, dependence(0.0)))
    assert grade(InputIndependentMaps(), layer_with(0.0, history=blank | first)) == "undecided"


def test_the_images_themselves_are_compared_where_they_were_recorded() -> None:
    same = probe("", InputDependence, "input", (0, dependence(0.0, channels=3)))
    assert grade(InputIndependentMaps(), layer_with(0.0, history=same)) == "undecided"
    differ = probe("", InputDependence, "input", (0, dependence(0.4, channels=3)))
    assert grade(InputIndependentMaps(), layer_with(0.0, history=differ)) == "error"
    single = probe("", InputDependence, "input", (0, dependence(0.0, channels=3, images=1)))
    assert grade(InputIndependentMaps(), layer_with(0.0, history=single)) == "error"


def test_images_standardised_one_by_one_are_not_all_the_same() -> None:
    each = probe("", MapSummary, "input", (0, maps(channels=3, mean=0.0, image_spread=0.0)))
    first = probe("conv", InputDependence, "pre", (1000, dependence(0.5)))
    assert grade(InputIndependentMaps(), layer_with(1e-9, history=each | first)) == "error"


def test_a_gate_may_stand_still() -> None:
    history = probe("gate", InputDependence, "post", (1000, dependence(1e-9)))
    gate = conv("gate", index=2, activation="sigmoid")
    watched = subject(conv(), conv("b", index=1), gate, history=history)
    assert grade(InputIndependentMaps(), watched, "gate") == "silent"


def test_constant_outputs_are_another_symptom() -> None:
    history = probe("head", InputDependence, "pre", (1000, dependence(0.0)))
    assert grade(InputIndependentMaps(), subject(head(), history=history), "head") == "silent"


@pytest.mark.parametrize(
    "history",
    [
        pytest.param({}, id="no look"),
        pytest.param(
            probe(
                "conv",
                InputDependence,
                "post",
                (1000, InputDependence(320, np.full(8, np.nan), np.ones(8), np.ones(8))),
            ),
            id="not finite",
        ),
        pytest.param(
            probe("conv", InputDependence, "post", (1000, dependence(0.0, images=99))),
            id="99 images",
        ),
    ],
)
def test_undecided(history: dict[Any, Any]) -> None:
    assert grade(InputIndependentMaps(), subject(conv(), history=history)) == "undecided"
