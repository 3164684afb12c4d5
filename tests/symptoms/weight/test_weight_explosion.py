"""S26: weights that grew to many times their beginning."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import WeightState
from snellen.symptoms.weight.weight_explosion import WeightExplosion
from symptoms.build import (
    HARMED,
    UNHARMED,
    conv,
    finding,
    grade,
    probe,
    sentence,
    subject,
    weights,
)


def grown(*growths: float, **changes: object):
    looks = [(100 * i, weights(growth=g)) for i, g in enumerate(growths)]
    return subject(conv(**changes), history=probe("conv", WeightState, "", *looks))


@pytest.mark.parametrize(
    ("growth", "expected"),
    [(2.3, "clear"), (6.0, "clear"), (6.1, "warning"), (10.0, "warning"), (10.1, "error")],
)
def test_how_far(growth: float, expected: str) -> None:
    assert grade(WeightExplosion(), grown(1.0, growth), outcome=HARMED) == expected


def test_without_harm_it_is_a_note() -> None:
    assert grade(WeightExplosion(), grown(1.0, 50.0), outcome=UNHARMED) == "note"


def test_the_worst_look_counts_and_the_first_one_over_the_limit_is_named() -> None:
    watched = grown(1.0, 7.0, 21.0, 3.0)
    assert finding(WeightExplosion(), watched).step == 100
    assert sentence(WeightExplosion(), watched) == (
        "the median filter's norm was 21 times its start at step 200 (allowed: 6); the largest "
        "weight is 1"
    )


def test_small_beginnings_are_measured_against_a_usual_one() -> None:
    """A head drawn at 0.01 grows a hundredfold while it learns."""
    small = weights(growth=1.0, initial_norm=np.full(8, 0.01))
    watched = subject(conv(), history=probe("conv", WeightState, "", (9, small)))
    assert grade(WeightExplosion(), watched, outcome=HARMED) == "clear"
    zero = weights(growth=1.0, initial_norm=np.zeros(8))
    watched = subject(conv(), history=probe("conv", WeightState, "", (9, zero)))
    assert grade(WeightExplosion(), watched, outcome=HARMED) == "clear"


@pytest.mark.parametrize("changes", [{"normalised": True}, {"trainable": False}])
def test_layers_that_are_not_judged(changes: dict[str, bool]) -> None:
    assert grade(WeightExplosion(), grown(1.0, 50.0, **changes), outcome=HARMED) == "silent"


def test_nothing_finite_seen() -> None:
    assert grade(WeightExplosion(), subject(conv())) == "undecided"
    assert grade(WeightExplosion(), grown(float("nan"))) == "undecided"
