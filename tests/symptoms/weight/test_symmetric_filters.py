"""S60: filters that are copies of one another, and filters that only share a norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms.weight.symmetric_filters import SymmetricFilters
from symptoms.build import HARMED, UNHARMED, conv, grade, head, probe, sentence, subject, weights
from symptoms.wired import filters

RNG = np.random.default_rng(0)
DIFFERENT = np.linspace(0.9, 1.1, 16)
KERNEL = RNG.normal(size=(16, 3, 3, 3))


def network(state: WeightState | None, history: Any = None, **changes: Any) -> Subject:
    looks = {} if state is None else probe("conv", WeightState, "", (1000, state))
    return subject(conv(channels=16, **changes), head(), history=looks | (history or {}))


def moved(norm: Any, distance: Any) -> WeightState:
    each = np.broadcast_to(np.asarray(distance, np.float64), 16).copy()
    return weights(growth=norm, filters=16, distance=each)


def partly(copies: int) -> WeightState:
    """This many filters equal to the first one."""
    norm, distance = DIFFERENT.copy(), DIFFERENT / 2
    norm[: copies + 1], distance[: copies + 1] = 1.0, 0.5
    return moved(norm, distance)


@pytest.mark.parametrize(
    ("copies", "expected"),
    [(0, "clear"), (7, "clear"), (8, "warning"), (13, "warning"), (14, "error"), (15, "error")],
)
def test_how_many_of_sixteen(copies: int, expected: str) -> None:
    assert grade(SymmetricFilters(), network(partly(copies)), outcome=HARMED) == expected


def test_a_layer_of_copies_needs_no_outcome_and_half_a_layer_does() -> None:
    assert grade(SymmetricFilters(), network(partly(15)), outcome=UNHARMED) == "error"
    assert grade(SymmetricFilters(), network(partly(9)), outcome=UNHARMED) == "note"


@pytest.mark.parametrize(("jitter", "expected"), [(1e-7, "error"), (1e-3, "clear")])
def test_rounding_does_not_tell_them_apart(jitter: float, expected: str) -> None:
    wobble = 1 + jitter * np.arange(16)
    assert grade(SymmetricFilters(), network(moved(wobble, 0.5 * wobble))) == expected


HEALTHY = {
    "equal norms, as under weight normalisation": network(moved(1.0, DIFFERENT)),
    "equal distances, as after one step of a sign": network(moved(DIFFERENT, 0.01)),
    "an identity initialisation that never moved": network(moved(1.0, 0.0)),
    "a branch that began at zero and grew": network(
        weights(growth=DIFFERENT, filters=16, initial_norm=np.zeros(16), distance=DIFFERENT)
    ),
    "a residual branch that is still zero": network(
        weights(growth=0.0, filters=16, initial_norm=np.zeros(16), moved=0.0), residual=True
    ),
    "weights that are not finite": network(moved(np.nan, 0.5)),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_none(name: str) -> None:
    assert grade(SymmetricFilters(), HEALTHY[name]) == "clear"


@pytest.mark.parametrize("changes", [{"groups": 16}, {"trainable": False}])
def test_depthwise_and_frozen_layers_are_not_judged(changes: dict[str, Any]) -> None:
    assert grade(SymmetricFilters(), network(partly(15), **changes)) == "silent"


def test_the_filters_themselves_tell_it_in_the_first_layer() -> None:
    same = filters(KERNEL, repeated=15, repeated_initially=15)
    assert grade(SymmetricFilters(), network(None, same)) == "error"
    assert sentence(SymmetricFilters(), network(None, same)) == (
        "15 of 16 filters are copies of another one after training, and were so before training "
        "(allowed: 50%)"
    )
    later = filters(KERNEL, repeated=15, repeated_initially=-1)
    assert "before training" not in sentence(SymmetricFilters(), network(None, later))


def test_filters_that_are_all_nan_are_no_copies() -> None:
    broken = filters(np.full_like(KERNEL, np.nan), repeated=15)
    assert grade(SymmetricFilters(), network(moved(np.nan, np.nan), broken)) == "clear"


def test_all_zero() -> None:
    zero = network(weights(growth=0.0, filters=16, initial_norm=np.zeros(16), moved=0.0))
    assert grade(SymmetricFilters(), zero, outcome=HARMED) == "error"
    assert grade(SymmetricFilters(), zero, outcome=UNHARMED) == "note"
    assert sentence(SymmetricFilters(), zero) == (
        "all 16 filters began at zero and are zero after training (allowed: 50% copies)"
    )


def test_nothing_seen() -> None:
    assert grade(SymmetricFilters(), network(None)) == "undecided"
