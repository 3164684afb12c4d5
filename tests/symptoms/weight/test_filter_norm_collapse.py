"""S24: filters that shrank to nothing, or whose scale did where a normalisation follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms.weight.filter_norm_collapse import FilterNormCollapse
from symptoms.build import conv, finding, grade, probe, sentence, subject, weights


def shrunk(count: int, to: float = 0.01) -> WeightState:
    """20 filters of which so many are left with `to` of their norm."""
    return weights(growth=[to] * count + [1.0] * (20 - count), filters=20)


def scaled(count: int, to: float = 1e-3) -> WeightState:
    """The same for the scale of the normalisation; the norms do not matter."""
    gain = np.array([to] * count + [-1.0] * (20 - count))
    return weights(growth=1e-6, filters=20, gain=gain)


def layer_with(*states: tuple[int, WeightState], **changes: Any) -> Subject:
    return subject(conv(channels=20, **changes), history=probe("conv", WeightState, "", *states))


@pytest.mark.parametrize(
    ("count", "to", "expected"),
    [
        pytest.param(5, 0.01, "clear", id="a quarter"),
        pytest.param(6, 0.01, "warning", id="30%"),
        pytest.param(17, 0.01, "warning", id="85%"),
        pytest.param(18, 0.01, "error", id="90%"),
        pytest.param(20, 0.05, "clear", id="5% of the norm is left"),
        pytest.param(20, 0.049, "error", id="less is left"),
        pytest.param(20, 2.3, "clear", id="grown"),
    ],
)
def test_both_sides_of_each_limit(count: int, to: float, expected: str) -> None:
    watched = layer_with((0, shrunk(0)), (1000, shrunk(count, to)))
    assert grade(FilterNormCollapse(), watched) == expected


def test_sentence_channels_and_step() -> None:
    states = [(0, shrunk(0)), (100, shrunk(3)), (200, shrunk(8)), (1000, shrunk(8))]
    found = finding(FilterNormCollapse(), layer_with(*states))
    assert found.place.channels == tuple(range(8))
    assert found.step == 200
    assert found.evidence.sentence() == (
        "8 of 20 filters shrank below 5% of their initial norm (median 1%) by step 1000 "
        "(allowed: 30% of the filters)"
    )


def test_before_a_normalisation_the_scale_counts_and_not_the_norm() -> None:
    fine = layer_with((0, scaled(0)), (1000, scaled(0)), normalised=True)
    assert grade(FilterNormCollapse(), fine) == "clear"
    gone = layer_with((0, scaled(0)), (1000, scaled(18)), normalised=True)
    assert grade(FilterNormCollapse(), gone) == "error"
    assert sentence(FilterNormCollapse(), gone) == (
        "18 of 20 filters have a normalisation scale |γ| below 0.01 (median 0.001) by step 1000 "
        "(allowed: 30% of the filters)"
    )


def test_scales_that_began_at_zero_did_not_collapse() -> None:
    zero = [(s, scaled(20, 1e-4)) for s in (0, 500, 1000)]
    watched = layer_with(*zero, normalised=True, residual=True)
    assert grade(FilterNormCollapse(), watched) == "clear"
    unseen = layer_with((100, scaled(20)), (1000, scaled(20)), normalised=True)
    assert grade(FilterNormCollapse(), unseen) == "error"
    branch = layer_with((100, scaled(20)), (1000, scaled(20)), normalised=True, residual=True)
    assert grade(FilterNormCollapse(), branch) == "clear"
    grown = layer_with((0, scaled(20, 0.0)), (500, scaled(0)), (1000, scaled(20)), normalised=True)
    assert grade(FilterNormCollapse(), grown) == "error"


def test_a_normalisation_without_scale_is_not_judged() -> None:
    states = (0, weights(growth=1e-6, filters=20))
    assert grade(FilterNormCollapse(), layer_with(states, normalised=True)) == "silent"


def born_at_zero(filters: Sequence[int]) -> WeightState:
    begun = np.ones(20)
    begun[list(filters)] = 0.0
    return weights(growth=1.0, filters=20, initial_norm=begun)


def test_filters_that_began_at_zero_have_no_ratio() -> None:
    assert grade(FilterNormCollapse(), layer_with((1000, born_at_zero(range(20))))) == "undecided"
    assert grade(FilterNormCollapse(), layer_with((1000, born_at_zero(range(10))))) == "clear"


def test_other_circumstances() -> None:
    assert grade(FilterNormCollapse(), subject(conv())) == "undecided"
    frozen = layer_with((1000, shrunk(20)), trainable=False)
    assert grade(FilterNormCollapse(), frozen) == "silent"
    assert grade(FilterNormCollapse(), layer_with((0, shrunk(20)))) == "undecided"
