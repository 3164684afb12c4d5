from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.no_warm_up import NoWarmUp
from snellen.record import Subject
from snellen.stats import WeightUpdate
from symptoms.build import conv, head, inline, moment, subject, update

ADAM = {"optimizer": "Adam", "learning_rate": 2e-3, "batch_size": 32}
LEAPT = [2.3, 2.3, 2.3, 9.0, 5.0, *np.linspace(2.2, 0.8, 95)]


def net(
    *,
    drift: float = 0.1,
    first: float = 1e-3,
    later: float = 1e-3,
    train: Any = None,
    rates: tuple[float, ...] = (),
    **facts: Any,
) -> Subject:
    moments = [moment(i * 100, learning_rate=r) for i, r in enumerate(rates)]
    steps = [(2, update(size=first, drift=drift)), (800, update(size=later))]
    return plus(
        subject(conv(), head(), facts=facts, train=train, moments=moments),
        inline("conv", WeightUpdate, "", *steps),
    )


@pytest.mark.parametrize(("drift", "shifted"), [(2.9, False), (3.1, True)])
def test_first_steps(drift: float, shifted: bool) -> None:
    assert present(NoWarmUp, "first-steps-shift-the-maps", case(net(drift=drift))) is shifted


@pytest.mark.parametrize(
    ("first", "later", "harmless"),
    [(0.04, 2e-3, True), (0.004, 2e-3, False), (0.4, 0.05, False)],
)
def test_later_steps(first: float, later: float, harmless: bool) -> None:
    about = case(net(first=first, later=later))
    assert present(NoWarmUp, "later-steps-are-harmless", about) is harmless


@pytest.mark.parametrize(
    ("rates", "rises"), [((1e-5, 1e-3, 1e-3), True), ((1e-3, 1e-3, 1e-4), False), ((1e-3,), None)]
)
def test_a_rising_rate_speaks_against_it(rates: tuple[float, ...], rises: bool | None) -> None:
    assert present(NoWarmUp, "rate-rises-at-the-start", case(net(rates=rates))) is rises


@pytest.mark.parametrize(("rate", "far"), [(0.01, False), (0.02, True)])
def test_a_rate_far_beyond_speaks_against_it(rate: float, far: bool) -> None:
    about = case(net(**ADAM | {"learning_rate": rate}))
    assert present(NoWarmUp, "rate-far-beyond-the-usual", about) is far


@pytest.mark.parametrize(
    ("train", "leapt"),
    [(LEAPT, True), (list(np.linspace(2.3, 0.8, 100)), False), ([2.3] * 4 + [9.0] * 96, False)],
)
def test_a_leap_that_was_recovered_from(train: list[float], leapt: bool) -> None:
    assert present(NoWarmUp, "leapt-at-first-and-came-back", case(net(train=train))) is leapt


def test_a_late_leap_is_another_thing() -> None:
    late = [*np.linspace(2.3, 1.0, 60), 9.0, *np.linspace(1.0, 0.8, 39)]
    assert present(NoWarmUp, "leapt-at-first-and-came-back", case(net(train=late))) is False


@pytest.mark.parametrize(("swing", "swings"), [(0.05, False), (0.8, True)])
def test_swings_to_the_end_speak_against_it(swing: float, swings: bool) -> None:
    values = 1.0 + swing * np.tile([1] * 6 + [-1] * 6, 10)
    about = case(net(train=list(values), epochs=None, steps_per_epoch=None))
    assert present(NoWarmUp, "swings-to-the-end", about) is swings


def test_a_bad_start_speaks_against_it() -> None:
    key = "faulty-before-the-first-step"
    assert present(NoWarmUp, key, case(net(), found("S08", step=0))) is True
    assert present(NoWarmUp, key, case(net(), found("S08", step=50))) is False
    assert present(NoWarmUp, key, case(net())) is None


@pytest.mark.parametrize(("batch", "large"), [(255, False), (256, True)])
def test_batches(batch: int, large: bool) -> None:
    assert present(NoWarmUp, "large-batches", case(net(batch_size=batch))) is large


def test_belief() -> None:
    rates = (2e-3,) * 4
    bare = net(drift=8.0, first=0.05, later=2e-3, train=LEAPT, rates=rates, **ADAM)
    warmed = net(train=list(np.linspace(2.3, 0.5, 100)), rates=(1e-5, 1e-3, 1e-3), **ADAM)
    swinging = net(
        drift=8.0,
        first=0.3,
        later=0.2,
        train=list(3.0 + 2.0 * np.tile([1] * 6 + [-1] * 6, 10)),
        **ADAM | {"learning_rate": 0.5},
    )
    assert belief(NoWarmUp, case(bare, clean=["S08"])) > 0.7
    assert belief(NoWarmUp, case(warmed, clean=["S08"])) < 0.01
    assert belief(NoWarmUp, case(swinging, clean=["S08"])) < 0.1


def test_remedies() -> None:
    rising, normalised = remedies(NoWarmUp, case(net(**ADAM)))
    assert rising.title == "Let the learning rate rise to 0.002 over the first 50 steps"
    assert "total_iters=50" in rising.code
    assert "nn.GroupNorm(8, 8)" in normalised.code
    rising, normalised = remedies(NoWarmUp, case(net(**ADAM), keras=True))
    assert "warmup_target=0.002, warmup_steps=50" in rising.code
    assert "keras.optimizers.Adam(learning_rate=schedule)" in rising.code
    remedies(NoWarmUp, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(NoWarmUp)
