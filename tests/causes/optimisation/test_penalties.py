"""C22 and C23: decay, and penalties on squares and on magnitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, plus, present, remedies
from snellen.causes.measures.decay import penalty_departure, steps_to_shrink
from snellen.causes.optimisation.l1_too_strong import L1TooStrong
from snellen.causes.optimisation.learning_rate_too_high import LearningRateTooHigh
from snellen.causes.optimisation.weight_decay_too_strong import WeightDecayTooStrong
from snellen.record import Subject
from snellen.stats import WeightState, WeightUpdate
from symptoms.build import conv, head, inline, probe, subject, update, weights

ADAM = {"optimizer": "Adam", "learning_rate": 1e-3}
L1, L2 = ({"conv": {"kernel": {"type": kind.upper(), kind: 0.01}}} for kind in ("l1", "l2"))


def net(*, growth: float = 0.01, late: float = 0.05, **facts: Any) -> Subject:
    return plus(
        subject(conv(), head(), facts=ADAM | facts, train=[2.3] * 100),
        probe("conv", WeightState, "", (1000, weights(growth=growth))),
        inline("conv", WeightUpdate, "", (2, update()), (800, update(size=late))),
    )


def by_hand(power: float, *, first: float = 1.0) -> Subject:
    """A penalty that goes with this power of weights that shrink to a tenth in 1000 steps."""
    steps = np.linspace(0, 999, 100)
    size = np.exp(-steps / 999 * np.log(10))
    added = first * size**power
    shrinking = [
        (int(s), weights(growth=float(np.exp(-s / 999 * np.log(10))))) for s in steps[10::30]
    ]
    return plus(
        subject(conv(), facts=ADAM, train=[2.3] * 100, objective=list(2.3 + added)),
        probe("conv", WeightState, "", *shrinking),
    )


@pytest.mark.parametrize(("growth", "shrank"), [(0.11, False), (0.09, True)])
def test_shrunken_filters(growth: float, shrank: bool) -> None:
    for cause in (WeightDecayTooStrong, L1TooStrong):
        assert present(cause, "filters-shrank", case(net(growth=growth))) is shrank


def test_filters_before_a_normalisation_say_nothing() -> None:
    normalised = plus(
        subject(conv(normalised=True), head(), facts=ADAM),
        probe("conv", WeightState, "", (1000, weights(growth=0.01))),
    )
    assert present(WeightDecayTooStrong, "filters-shrank", case(normalised)) is None


@pytest.mark.parametrize(
    ("facts", "beyond"),
    [
        pytest.param({"growth": 0.11}, False, id="none"),
        pytest.param({"growth": 0.09}, None, id="none that is seen, and weights that are gone"),
        pytest.param({"weight_decay": 3.9e-3}, False, id="coupled, usual"),
        pytest.param({"weight_decay": 4.1e-3}, True, id="coupled, strong"),
        pytest.param({"optimizer": "AdamW", "weight_decay": 0.5}, False, id="2000 steps"),
        pytest.param({"optimizer": "AdamW", "weight_decay": 2.0}, True, id="500 steps"),
        pytest.param({"regularisers": L2}, True, id="a layer's own"),
    ],
)
def test_decay_beyond_the_usual(facts: dict[str, Any], beyond: bool | None) -> None:
    assert present(WeightDecayTooStrong, "decay-beyond-the-usual", case(net(**facts))) is beyond


def test_decoupled_decay_shrinks_by_rate_times_decay() -> None:
    about = case(net(optimizer="AdamW", weight_decay=0.5))
    assert steps_to_shrink(about) == pytest.approx(1 / (1e-3 * 0.5))


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_penalty_on_magnitudes_departs_from_the_squares(power: float) -> None:
    about = case(by_hand(power))
    looks = np.linspace(0, 999, 100)[[10, 40, 70]]
    shrunk = np.exp(-np.array([0.0, *looks]) / 999 * np.log(10))
    expected = float(shrunk.max() / shrunk.min()) ** (2 - power)
    assert penalty_departure(about) == pytest.approx(expected, rel=0.05)
    for cause in (L1TooStrong, WeightDecayTooStrong):
        assert present(cause, "penalty-goes-with-magnitude", about) is (power < 2)


def test_nothing_departs_without_a_penalty() -> None:
    assert np.isnan(penalty_departure(case(by_hand(1.0, first=1e-4))))


@pytest.mark.parametrize(("late", "flutters"), [(0.14, False), (0.16, True)])
def test_fluttering_weights(late: float, flutters: bool) -> None:
    assert present(L1TooStrong, "weights-flutter-about-zero", case(net(late=late))) is flutters


def test_look_alikes_are_kept_apart() -> None:
    squares = case(net(weight_decay=0.05))
    magnitudes = case(net(regularisers=L1, late=0.5), keras=True)
    assert belief(WeightDecayTooStrong, squares) > 0.9
    assert belief(L1TooStrong, squares) < belief(WeightDecayTooStrong, squares)
    assert belief(L1TooStrong, magnitudes) > 0.9
    assert belief(WeightDecayTooStrong, magnitudes) < belief(L1TooStrong, magnitudes)
    assert belief(LearningRateTooHigh, squares) < 0.05


def test_remedies_weaken_what_is_there() -> None:
    (decay, *_) = remedies(WeightDecayTooStrong, case(net(weight_decay=0.05)))
    assert decay.title == "Lower weight_decay from 0.05 to 0.0001"
    (own, *_) = remedies(WeightDecayTooStrong, case(net(regularisers=L2), keras=True))
    assert "keras.regularizers.L2(0.0001)" in own.code
    (l1, *_) = remedies(L1TooStrong, case(net(regularisers=L1), keras=True))
    assert "keras.regularizers.L1(1e-05)" in l1.code
    assert "penalty" in remedies(L1TooStrong, case(net()))[0].code
