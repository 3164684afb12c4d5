from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import ask, belief, case, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.clipping_too_hard import ClippingTooHard
from snellen.record import Subject
from snellen.stats import WeightUpdate
from symptoms.build import conv, head, inline, subject, update

SGD = {"optimizer": "SGD", "learning_rate": 0.05}
ADAM = {"optimizer": "Adam", "learning_rate": 1e-3}
MOST = "most-steps-are-clipped"


def clipped(limit: float = 1e-3, share: float = 1.0, largest: float = 3.0) -> dict[str, Any]:
    return {
        "gradient_clip": {
            "kind": "norm",
            "limit": limit,
            "steps": 1000,
            "clipped": round(1000 * share),
            "largest_norm": largest,
        }
    }


def net(
    *,
    size: float = 1e-3,
    gradient: float = 1.0,
    drift: float = 0.1,
    train: Any = None,
    **facts: Any,
) -> Subject:
    steps = [(s, update(size=size, gradient=gradient, drift=drift)) for s in (0, 500)]
    return plus(
        subject(conv(), head(), facts=facts, train=train),
        inline("conv", WeightUpdate, "", *steps),
    )


@pytest.mark.parametrize(("share", "most"), [(0.8, False), (0.81, True)])
def test_steps_that_are_clipped(share: float, most: bool) -> None:
    assert present(ClippingTooHard, MOST, case(net(**clipped(share=share)))) is most


@pytest.mark.parametrize("option", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize(("limit", "most"), [(0.9, True), (1.1, False)])
def test_keras_limits_are_held_against_the_gradients(option: str, limit: float, most: bool) -> None:
    about = case(net(**{option: limit}), keras=True)
    assert present(ClippingTooHard, MOST, about) is most


def test_without_a_clipping_it_is_nearly_sure_that_there_is_none() -> None:
    seen = ask(ClippingTooHard, MOST, case(net(**SGD)))
    assert seen.present is False
    assert seen.reliability < 1


def test_clipping_whose_effect_is_not_known() -> None:
    bare = subject(facts={"clipnorm": 1.0})
    assert present(ClippingTooHard, MOST, case(bare, keras=True)) is None


@pytest.mark.parametrize(
    ("limit", "largest", "little"), [(0.1, 0.9, False), (0.1, 1.1, True), (1.0, 100.0, False)]
)
def test_what_is_left(limit: float, largest: float, little: bool) -> None:
    about = case(net(**clipped(limit, 1.0, largest)))
    assert present(ClippingTooHard, "little-is-left", about) is little


@pytest.mark.parametrize(
    ("size", "rate", "tiny"), [(1e-4, 0.05, True), (1e-3, 0.05, False), (1e-4, 1e-4, False)]
)
def test_tiny_steps(size: float, rate: float, tiny: bool) -> None:
    about = case(net(size=size, **SGD | {"learning_rate": rate}))
    assert present(ClippingTooHard, "steps-tiny-at-a-usual-rate", about) is tiny


@pytest.mark.parametrize(
    ("size", "drift", "long"), [(1e-3, 0.1, False), (1e-3, 4.0, True), (0.05, 0.1, True)]
)
def test_long_steps_speak_against_it(size: float, drift: float, long: bool) -> None:
    about = case(net(size=size, drift=drift, **SGD))
    assert present(ClippingTooHard, "steps-are-too-long", about) is long


@pytest.mark.parametrize(
    ("train", "even"), [(list(np.linspace(2.3, 2.0, 60)), True), ([2.3] * 60, False)]
)
def test_an_even_fall(train: list[float], even: bool) -> None:
    about = case(net(train=train, steps=60, epochs=None, steps_per_epoch=None))
    assert present(ClippingTooHard, "loss-comes-down-evenly", about) is even


@pytest.mark.parametrize(("facts", "undone"), [(ADAM, True), (SGD, False), ({}, None)])
def test_adaptive_optimisers_undo_it(facts: dict[str, Any], undone: bool | None) -> None:
    assert present(ClippingTooHard, "optimiser-undoes-it", case(net(**facts))) is undone


def test_belief() -> None:
    hard = case(net(size=1e-5, **SGD, **clipped()))
    safe = case(net(**SGD, **clipped(1.0, 0.1, 3.0)))
    fast = case(net(size=0.5, drift=9.0, **SGD, **clipped(1.0, 1.0, 50.0)))
    none = case(net(size=1e-5, **SGD))
    assert belief(ClippingTooHard, hard) > 0.9
    for other in (safe, fast, none):
        assert belief(ClippingTooHard, other) < 0.15


def test_remedies() -> None:
    raised, without = remedies(ClippingTooHard, case(net(**SGD, **clipped())))
    assert raised.title == "Clip the gradient's norm at 3.0 instead of 0.001"
    assert raised.code == "torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)"
    assert "clip" not in without.code
    raised, without = remedies(ClippingTooHard, case(net(**SGD, clipnorm=1e-3), keras=True))
    assert "clipnorm=1.0" in raised.code
    assert "clip" not in without.code
    remedies(ClippingTooHard, case(subject()))


@pytest.mark.parametrize("limit", [None, "1", float("nan"), 0, -1])
def test_limits_that_are_none(limit: Any) -> None:
    about = case(net(gradient_clip={"kind": "norm", "limit": limit, "steps": 10, "clipped": 10}))
    assert present(ClippingTooHard, MOST, about) is False


def test_without_anything_seen_only_the_lack_of_clipping_is_known() -> None:
    assert nothing_seen(ClippingTooHard) <= {MOST}
