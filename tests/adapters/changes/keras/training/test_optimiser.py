"""Updates are those of an optimiser with the usual options; the script's own options stay."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import optimizers
from trainings_a import ALL_WAYS, changed, close, net, quick, same, trained


@pytest.mark.parametrize("way", ALL_WAYS)
def test_momentum_is_at_most_the_usual(way: Any) -> None:
    expected = trained(way, net(), optimizers.SGD(0.1, momentum=0.9))
    assert not same(trained(way, net(), optimizers.SGD(0.1, momentum=0.99)), expected)
    with changed("optimiser") as effect:
        own = optimizers.SGD(0.1, momentum=0.99)
        assert same(trained(way, net(), own), expected)
    assert effect.done
    assert own.momentum == 0.99


@pytest.mark.parametrize(
    ("make", "unusual"),
    [
        (optimizers.Adam, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
        (optimizers.AdamW, {"beta_2": 0.5}),
        (optimizers.Nadam, {"beta_1": 0.5}),
        (optimizers.RMSprop, {"rho": 0.5, "epsilon": 0.1}),
        (optimizers.Muon, {"adam_beta_1": 0.5, "epsilon": 0.1}),
    ],
)
def test_averages_and_epsilon_are_the_defaults(make: Any, unusual: Any) -> None:
    expected = trained(quick, net(), make(0.01))
    assert not same(trained(quick, net(), make(0.01, **unusual)), expected)
    with changed("optimiser") as effect:
        assert same(trained(quick, net(), make(0.01, **unusual)), expected)
    assert effect.done


def test_within_a_loss_scale() -> None:
    def scaled(momentum: float) -> Any:
        return optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=momentum))

    expected = trained(quick, net(), scaled(0.9))
    with changed("optimiser"):
        assert same(trained(quick, net(), scaled(0.99)), expected)


class Own(optimizers.Adam):
    """An optimiser of the script's own, with defaults of its own."""

    def __init__(self, rate: float = 0.01) -> None:
        super().__init__(rate, beta_1=0.5)


def test_an_optimiser_of_the_scripts_own_has_those_of_its_class_of_keras() -> None:
    expected = trained(quick, net(), optimizers.Adam(0.01))
    with changed("optimiser"):
        assert close(trained(quick, net(), Own()), expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1),
        lambda: optimizers.SGD(0.1, momentum=0.5, nesterov=True),
        lambda: optimizers.Adam(0.01),
        lambda: optimizers.Muon(0.01),
    ],
)
def test_usual_ones_are_left(make: Any) -> None:
    expected = trained(quick, net(), make())
    with changed("optimiser") as effect:
        assert same(trained(quick, net(), make()), expected)
    assert not effect.done


def test_averages_of_normalisations_are_no_matter_of_the_optimiser() -> None:
    def make() -> Any:
        return keras.Sequential(
            [keras.Input((6, 6, 1)), keras.layers.BatchNormalization(momentum=0.1), *net().layers]
        )

    expected = trained(quick, make(), optimizers.SGD(0.1))
    with changed("optimiser"):
        assert same(trained(quick, make(), optimizers.SGD(0.1)), expected)
