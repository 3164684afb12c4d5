from __future__ import annotations

from typing import Any

import pytest

from causes.cases import belief, case, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.unfit_momentum_or_epsilon import UnfitMomentumOrEpsilon
from snellen.record import Subject
from snellen.stats import WeightUpdate
from symptoms.build import conv, head, inline, subject, update

ODD = "option-beyond-the-usual"
ADAM = {"optimizer": "Adam", "learning_rate": 1e-3, "betas": [0.9, 0.999], "epsilon": 1e-8}
SGD = {"optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.9}


def net(*, size: float = 1e-3, rms: float = 1e-3, train: Any = None, **facts: Any) -> Subject:
    return plus(
        subject(conv(), head(), facts=facts, train=train),
        inline("conv", WeightUpdate, "", (500, update(size=size, rms=rms))),
    )


@pytest.mark.parametrize(
    ("facts", "odd"),
    [
        (SGD, False),
        (SGD | {"momentum": 0.97}, False),
        (SGD | {"momentum": 0.98}, True),
        (ADAM, False),
        (ADAM | {"epsilon": 1e-3}, False),
        (ADAM | {"epsilon": 1e-2}, True),
        (ADAM | {"epsilon": 0.0}, True),
        (ADAM | {"betas": [0.99, 0.999]}, True),
        (ADAM | {"betas": [0.9, 0.8]}, True),
        (ADAM | {"betas": [0.9, 0.99999]}, True),
        (ADAM | {"betas": None, "beta_1": 0.9, "beta_2": 0.5}, True),
        # SGD has no epsilon, whatever is written down.
        (SGD | {"epsilon": 1.0}, False),
    ],
)
def test_options(facts: dict[str, Any], odd: bool) -> None:
    assert present(UnfitMomentumOrEpsilon, ODD, case(net(**facts))) is odd


def test_no_optimiser_is_known() -> None:
    assert present(UnfitMomentumOrEpsilon, ODD, case(net())) is None


@pytest.mark.parametrize(("rms", "above"), [(1e-3, False), (1e-9, True)])
def test_epsilon_beside_gradients(rms: float, above: bool) -> None:
    about = case(net(rms=rms, **ADAM))
    assert present(UnfitMomentumOrEpsilon, "epsilon-above-the-gradients", about) is above


def test_sgd_has_no_epsilon() -> None:
    about = case(net(**SGD))
    assert present(UnfitMomentumOrEpsilon, "epsilon-above-the-gradients", about) is None


@pytest.mark.parametrize(("highest", "leaps"), [(4.5, False), (4.7, True)])
def test_leaps(highest: float, leaps: bool) -> None:
    about = case(net(train=[2.3] * 5 + [highest] + [2.0] * 54, **SGD))
    assert present(UnfitMomentumOrEpsilon, "loss-swings-or-leaps", about) is leaps


@pytest.mark.parametrize(
    ("size", "rate", "odd"),
    [
        (1e-4, 0.05, True),
        (1e-3, 0.05, False),
        (0.05, 0.05, True),
        (0.05, 1.0, False),
    ],
)
def test_steps_at_a_usual_rate(size: float, rate: float, odd: bool) -> None:
    about = case(net(size=size, **SGD | {"learning_rate": rate}))
    key = "steps-tiny-or-huge-at-a-usual-rate"
    assert present(UnfitMomentumOrEpsilon, key, about) is odd


@pytest.mark.parametrize(("rate", "odd"), [(0.4, False), (0.5, True), (2e-3, True)])
def test_an_odd_rate_speaks_against_it(rate: float, odd: bool) -> None:
    about = case(net(**SGD | {"learning_rate": rate}))
    assert present(UnfitMomentumOrEpsilon, "rate-itself-is-odd", about) is odd


def test_belief() -> None:
    heavy = case(net(size=0.05, **SGD | {"momentum": 0.999}))
    blunt = case(net(size=1e-6, rms=1e-4, **ADAM | {"epsilon": 1.0}))
    usual = case(net(**ADAM))
    assert belief(UnfitMomentumOrEpsilon, heavy) > 0.6
    assert belief(UnfitMomentumOrEpsilon, blunt) > 0.9
    assert belief(UnfitMomentumOrEpsilon, usual) < 0.01


def test_remedies() -> None:
    (only,) = remedies(UnfitMomentumOrEpsilon, case(net(**SGD | {"momentum": 0.999})))
    assert "0.9 instead of 0.999" in only.title
    assert "torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)" in only.code
    (only,) = remedies(UnfitMomentumOrEpsilon, case(net(**ADAM | {"epsilon": 1.0})))
    assert "eps=1e-08, betas=(0.9, 0.999)" in only.code
    assert "epsilon of 1.0" in only.title
    (only,) = remedies(UnfitMomentumOrEpsilon, case(net(**ADAM), keras=True))
    assert "epsilon=1e-07" in only.code
    remedies(UnfitMomentumOrEpsilon, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(UnfitMomentumOrEpsilon)


def test_facts_that_are_no_numbers() -> None:
    about = case(net(**ADAM | {"betas": ["a", None], "epsilon": "small"}))
    assert present(UnfitMomentumOrEpsilon, ODD, about) is False
