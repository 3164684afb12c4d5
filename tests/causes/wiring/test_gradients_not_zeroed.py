"""C36: gradients of steps long done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.data.cases import belief, case, in_keras, inline, remedies, state
from causes.wiring.layers import network, pushed_by
from snellen.causes.wiring.gradients_not_zeroed import GradientsNotZeroed
from snellen.record import LossSeries, Subject
from snellen.stats import WeightUpdate
from symptoms.build import update

ADAM = {"optimizer": "Adam", "learning_rate": 1e-3}


def kept(number: int, of: int = 1000) -> dict[str, Any]:
    return {"gradient_steps": of, "gradients_kept": number}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (kept(101), "present"),
        (kept(100), "absent"),
        (kept(0), "absent"),
        (kept(2, 2), "unmeasured"),
        ({}, "unmeasured"),
    ],
)
def test_leftovers(facts: dict[str, Any], expected: str) -> None:
    watched = case(network(facts=facts))
    assert state(GradientsNotZeroed, "updates-on-old-gradients", watched) == expected


@pytest.mark.parametrize(
    ("growth", "expected"), [(1.0, "absent"), (2.4, "absent"), (3.0, "present")]
)
def test_growth(growth: float, expected: str) -> None:
    norms = np.linspace(1.0, growth, 8)
    entries = [(i, update(gradient=float(x))) for i, x in enumerate(norms)]
    watched = case(network(inline("conv0", WeightUpdate, "", *entries)))
    assert state(GradientsNotZeroed, "gradient-grows-from-the-start", watched) == expected


SGD = {"optimizer": "SGD", "learning_rate": 0.1, "momentum": 0.9}


def moving(*sizes: float, gradient: float = float("nan")) -> Any:
    """Updates of these sizes from the first step on; the gradient was seen at all but the first."""
    nan = float("nan")
    entries = [
        (i, update(gradient=gradient if i else nan, size=float(x))) for i, x in enumerate(sizes)
    ]
    return inline("conv0", WeightUpdate, "", *entries)


def by_momentum(times: float = 1.0, steps: int = 12) -> list[float]:
    """Updates of a gradient of 1 at every step, the later ones `times` as large."""
    sums = 0.1 * np.cumsum(0.9 ** np.arange(steps))
    return [float(x) * (times if i else 1.0) for i, x in enumerate(sums)]


@pytest.mark.parametrize(
    ("sizes", "gradient", "facts", "expected"),
    [
        (by_momentum(), float("nan"), SGD, "absent"),
        (by_momentum(1.9), float("nan"), SGD, "absent"),
        (by_momentum(2.1), float("nan"), SGD, "present"),
        (by_momentum(2.1), 2.0, SGD, "absent"),
        ([0.1 * (n + 1) for n in range(12)], 1.0, SGD | {"momentum": 0.0}, "present"),
        (by_momentum(2.1, steps=4), float("nan"), SGD, "unmeasured"),
        (by_momentum(2.1), float("nan"), ADAM, "unmeasured"),
    ],
    ids=["momentum", "nearly", "beyond", "gradients-grew", "sums", "few-steps", "adaptive"],
)
def test_updates_beyond_what_gradients_make(
    sizes: list[float], gradient: float, facts: dict[str, Any], expected: str
) -> None:
    watched = case(network(moving(*sizes, gradient=gradient), facts=facts))
    assert state(GradientsNotZeroed, "updates-outgrow-the-gradients", watched) == expected


def test_too_few_steps_show_no_growth() -> None:
    watched = case(network(pushed_by(conv0=0.1)))
    assert state(GradientsNotZeroed, "gradient-grows-from-the-start", watched) == "unmeasured"


def losing(watched: Subject, values: list[float]) -> Subject:
    import dataclasses

    series = LossSeries(np.arange(len(values)), np.array(values, np.float64))
    return dataclasses.replace(watched, losses={"train": series})


def test_loss() -> None:
    key = "loss-swings-or-rises"
    falling = losing(network(), list(np.linspace(2, 1, 1000)))
    rising = losing(network(), [*np.linspace(2, 1, 500), *np.linspace(1, 9, 500)])
    assert state(GradientsNotZeroed, key, case(falling)) == "absent"
    assert state(GradientsNotZeroed, key, case(rising)) == "present"
    assert state(GradientsNotZeroed, key, case(network())) == "unmeasured"


@pytest.mark.parametrize(
    ("size", "rate", "expected"),
    [(0.05, 1e-3, "present"), (0.001, 1e-3, "absent"), (0.05, 1.0, "absent")],
)
def test_updates_at_a_usual_rate(size: float, rate: float, expected: str) -> None:
    facts = ADAM | {"learning_rate": rate}
    watched = case(network(pushed_by(size, conv0=0.1), facts=facts))
    assert state(GradientsNotZeroed, "updates-too-large-at-a-usual-rate", watched) == expected


def test_is_believed_where_it_holds_and_where_batches_are_gathered_not() -> None:
    assert belief(GradientsNotZeroed, case(network(facts=kept(999)))) > 0.8
    assert belief(GradientsNotZeroed, case(network(facts=kept(0)))) < 0.01


@pytest.mark.parametrize("keras", [False, True])
def test_remedies(keras: bool) -> None:
    watched = in_keras(network()) if keras else network()
    given = remedies(GradientsNotZeroed, case(watched))
    assert "zero_grad" in given[0].code
