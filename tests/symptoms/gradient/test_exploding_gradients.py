"""S11: bursts in time and growth over depth, but not the wild first steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import WeightUpdate
from snellen.symptoms.gradient.exploding_gradients import ExplodingGradients
from symptoms.build import conv, finding, grade, inline, sentence, stack, subject, update


def over_time(norms: Mapping[int, float], **changes: Any) -> Subject:
    """One layer with these gradient norms at these steps."""
    seen = [(s, update(gradient=g)) for s, g in norms.items()]
    return subject(conv(), history=inline("conv", WeightUpdate, "", *seen), **changes)


def steady(*spikes: int, size: float = 11.0, of: int = 400) -> dict[int, float]:
    return {s: size if s in spikes else 1.0 for s in range(1, of)}


@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        pytest.param(steady(), "clear", id="steady"),
        pytest.param(steady(50, 100), "clear", id="two spikes"),
        pytest.param(steady(50, 100, 150), "warning", id="three spikes"),
        pytest.param(steady(50, 100, 150, size=10.0), "clear", id="ten times is no spike"),
        pytest.param(steady(50, 100, 249), "warning", id="within 200 steps"),
        pytest.param(steady(50, 100, 250), "clear", id="spread over more than 200 steps"),
        pytest.param(steady(1, 2, 3, 4, 5), "clear", id="wild first steps"),
        pytest.param({0: 1e9} | steady(), "clear", id="before the first step"),
        pytest.param(dict.fromkeys(range(1, 100), 0.0), "clear", id="no gradient at all"),
    ],
)
def test_spikes(norms: dict[int, float], expected: str) -> None:
    assert grade(ExplodingGradients(), over_time(norms), "") == expected


def test_a_loss_that_ran_away_makes_it_an_error() -> None:
    lost = [1.0] * 100 + [2.1] * 20 + [1.0] * 100
    assert grade(ExplodingGradients(), over_time(steady(50, 60, 70), train=lost), "") == "error"
    back = [1.0] * 100 + [2.1] * 19 + [1.0] * 100
    assert grade(ExplodingGradients(), over_time(steady(50, 60, 70), train=back), "") == "warning"


@pytest.mark.parametrize("first", [0.0, -1.0, float("nan")])
def test_a_loss_that_is_not_positive_runs_nowhere(first: float) -> None:
    net = over_time(steady(100, 150, 180), train=[first] * 40 + [-60.0] * 60)
    assert grade(ExplodingGradients(), net, "") == "warning"


def test_sentences() -> None:
    found = finding(ExplodingGradients(), over_time(steady(50, 60, 70, size=40.0)))
    assert found.step == 50
    assert found.evidence.sentence() == (
        "3 of 399 steps seen had a gradient more than 10 times the median before them, at most "
        "×40 at "
        "step 50 (allowed: 2 within 200 steps)"
    )
    assert sentence(ExplodingGradients(), over_depth(2e3)) == (
        "the relative gradient of conv0 was 2000 times that of conv3, median of 10 steps after "
        "step 10 "
        "(allowed: 1000)"
    )


def over_depth(growth: float, start: int = 10, last: float = 1e-3) -> Subject:
    history: dict[Any, Any] = {}
    for i, size in enumerate(np.geomspace(last * growth, last, 4)):
        steps = range(start, start + 10)
        history |= inline(
            f"conv{i}", WeightUpdate, "", *[(s, update(gradient=size)) for s in steps]
        )
    return subject(*stack(4), history=history)


@pytest.mark.parametrize(("growth", "expected"), [(999.0, "silent"), (1001.0, "warning")])
def test_growth_over_depth(growth: float, expected: str) -> None:
    assert grade(ExplodingGradients(), over_depth(growth), "conv0") == expected


def test_normalised_networks_calm_down_within_ten_steps() -> None:
    assert grade(ExplodingGradients(), over_depth(1e5, start=1), "conv0") == "silent"


def test_a_dead_end_says_nothing_of_the_depth() -> None:
    history: dict[Any, Any] = {}
    for i in range(4):
        size = 0.0 if i == 3 else 1.0
        seen = [(s, update(gradient=size)) for s in range(10, 20)]
        history |= inline(f"conv{i}", WeightUpdate, "", *seen)
    assert grade(ExplodingGradients(), subject(*stack(4), history=history), "") == "clear"


def test_six_steps_and_three_layers_are_enough() -> None:
    six = over_time(dict.fromkeys(range(1, 7), 1.0))
    assert grade(ExplodingGradients(), six, "") == "clear"
    history: dict[Any, Any] = {}
    for i, size in enumerate((2.0, 1e-1, 1e-3)):
        steps = [1, 2, 3, 10, 11, 12]
        seen = [(s, update(gradient=size)) for s in steps]
        history |= inline(f"conv{i}", WeightUpdate, "", *seen)
    assert grade(ExplodingGradients(), subject(*stack(3), history=history), "conv0") == "warning"
    two = subject(*stack(2), history={k: v for k, v in history.items() if k[0] != "conv2"})
    assert grade(ExplodingGradients(), two, "") == "clear"


def test_undecided() -> None:
    few = over_time(dict.fromkeys(range(1, 6), 1.0))
    assert grade(ExplodingGradients(), few, "") == "undecided"
    assert grade(ExplodingGradients(), subject(conv(trainable=False)), "") == "silent"
