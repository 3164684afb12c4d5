"""S03: finds maps driven to the flat ends, and leaves gates and heads alone."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import Layer
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.activation.saturated_maps import SaturatedMaps
from symptoms.build import broken, conv, finding, grade, head, maps, probe, sentence, subject


def layer_with(first: float, last: float, *others: Layer, **changes: Any) -> Subject:
    """A tanh layer with these shares of values beyond the rails, before and after training."""
    layer = conv(**({"activation": "tanh"} | changes))
    images = changes.pop("images", 320)
    checks = [
        (s, maps(below=share / 4, above=share * 3 / 4, images=images))
        for s, share in ((0, first), (500, last), (1000, last))
    ]
    return subject(layer, *others, history=probe("conv", MapSummary, "post", *checks))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param(0.0, 0.49, "clear", id="just under half"),
        pytest.param(0.0, 0.5, "warning", id="half"),
        pytest.param(0.0, 0.89, "warning", id="under 90%"),
        pytest.param(0.0, 0.9, "error", id="90%"),
        pytest.param(0.4, 0.55, "clear", id="began nearly so"),
        pytest.param(0.3, 0.5, "warning", id="20 points more"),
        pytest.param(0.95, 0.95, "error", id="saturated from the start"),
    ],
)
def test_both_sides_of_each_limit(first: float, last: float, expected: str) -> None:
    assert grade(SaturatedMaps(), layer_with(first, last)) == expected


def test_sentence() -> None:
    assert sentence(SaturatedMaps(), layer_with(0.0, 0.8)) == (
        "the median channel had 80% of its values below -0.975 or above 0.975, 0% before the first "
        "step; 20% of the layer was low, 60% high (allowed: 50%, 320 images)"
    )


def test_says_when_it_began() -> None:
    assert finding(SaturatedMaps(), layer_with(0.0, 0.8)).step == 500
    assert finding(SaturatedMaps(), layer_with(0.0, 0.5)).step == 500
    assert finding(SaturatedMaps(), layer_with(0.95, 0.95)).step == 0


def test_nearly_all_saturated_needs_no_comparison() -> None:
    history = probe("conv", MapSummary, "post", (1000, maps(above=0.9)))
    assert grade(SaturatedMaps(), subject(conv(activation="tanh"), history=history)) == "error"


@pytest.mark.parametrize("activation", ["relu", "relu6", "gelu", "silu", "softplus", "linear"])
def test_activations_that_do_not_squash_are_not_judged(activation: str) -> None:
    assert grade(SaturatedMaps(), layer_with(0, 1, activation=activation)) == "silent"


def test_a_gate_switches_on_purpose() -> None:
    others = [conv("a", index=1), conv("b", index=2)]
    assert grade(SaturatedMaps(), layer_with(0, 1, *others, activation="sigmoid")) == "silent"


def test_a_network_of_sigmoids_has_no_gates() -> None:
    others = [conv("a", index=1, activation="sigmoid"), conv("b", index=2, activation="sigmoid")]
    assert grade(SaturatedMaps(), layer_with(0, 1, *others, activation="sigmoid")) == "error"


def test_an_output_may_be_sure() -> None:
    final = head(activation="sigmoid", units=1)
    history = probe("head", MapSummary, "post", (1000, maps(channels=1, below=0.9)))
    assert grade(SaturatedMaps(), subject(final, history=history), "head") == "silent"


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="no look"),
        pytest.param([(0, maps(above=0.0)), (1000, broken())], id="nothing finite"),
        pytest.param([(1000, maps(above=0.6))], id="no look before training to compare with"),
        pytest.param([(0, maps(images=99)), (9, maps(above=0.95, images=99))], id="99 images"),
    ],
)
def test_undecided(entries: list[tuple[int, MapSummary]]) -> None:
    watched = subject(conv(activation="tanh"), history=probe("conv", MapSummary, "post", *entries))
    assert grade(SaturatedMaps(), watched) == "undecided"
