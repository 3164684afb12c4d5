"""Weights end where they would without decay and penalties; what is no decay stays."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    LOOPS,
    WAYS,
    changed,
    evaluated,
    fit,
    net,
    quick,
    same,
    trained,
)

REGULARISED = {
    "kernel_regularizer": keras.regularizers.L2(0.1),
    "bias_regularizer": keras.regularizers.L1(0.1),
    "bias_initializer": "ones",
}
FREE = {"bias_initializer": "ones"}


def sgd(**options: Any) -> Any:
    return keras.optimizers.SGD(0.1, **options)


@pytest.mark.parametrize("way", ALL_WAYS)
def test_the_optimisers_decay_is_gone(way: Any) -> None:
    without = trained(way, net(), sgd())
    assert not same(trained(way, net(), sgd(weight_decay=0.1)), without)
    with changed("decay") as effect:
        optimizer = sgd(weight_decay=0.1)
        assert same(trained(way, net(), optimizer), without)
    assert effect.done
    assert optimizer.weight_decay == 0.1


@pytest.mark.parametrize("way", WAYS)
def test_the_layers_penalties_are_gone(way: Any) -> None:
    without = trained(way, net(**FREE), sgd())
    assert not same(trained(way, net(**REGULARISED), sgd()), without)
    with changed("decay") as effect:
        assert same(trained(way, net(**REGULARISED), sgd()), without)
    assert any("penalties of layers" in what for what in effect.done)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.AdamW(0.1, weight_decay=0.5),
        lambda: keras.optimizers.Ftrl(0.1, l2_regularization_strength=0.5),
        lambda: keras.optimizers.Muon(0.1, weight_decay=0.5, adam_weight_decay=0.5),
        lambda: keras.optimizers.LossScaleOptimizer(sgd(weight_decay=0.1)),
        lambda: sgd(weight_decay=0.1, gradient_accumulation_steps=2),
    ],
    ids=["AdamW", "Ftrl", "Muon", "LossScale", "accumulated"],
)
def test_whatever_the_optimiser(make: Any) -> None:
    def without() -> Any:
        optimizer = make()
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        for name in ("weight_decay", "adam_weight_decay", "l2_regularization_strength"):
            if hasattr(inner, name):
                setattr(inner, name, 0.0 if name.startswith("l2") else None)
        return optimizer

    expected = trained(quick, net(), without())
    assert not same(trained(quick, net(), make()), expected)
    with changed("decay"):
        assert same(trained(quick, net(), make()), expected)


def squares(variables: Any) -> Any:
    return 0.1 * sum(keras.ops.sum(keras.ops.square(one)) for one in variables)


def powers(variables: Any) -> Any:
    return 0.1 * sum(keras.ops.sum(one**2) for one in variables)


def products(variables: Any) -> Any:
    return 0.1 * sum(keras.ops.sum(one * one) for one in variables)


def magnitudes(variables: Any) -> Any:
    return 0.1 * sum(keras.ops.sum(keras.ops.abs(one)) for one in variables)


def built_in_abs(variables: Any) -> Any:
    return 0.1 * sum(keras.ops.sum(abs(one)) for one in variables)


def norms(variables: Any) -> Any:
    # Of the dense layer: Keras knows none of more than two axes.
    return 0.1 * keras.ops.norm(variables[2])


def regulariser(variables: Any) -> Any:
    return sum(keras.regularizers.L1L2(0.1, 0.1)(one) for one in variables)


def tensorflows(variables: Any) -> Any:
    import tensorflow as tf

    return sum(
        0.1 * tf.nn.l2_loss(one.value) + 0.1 * tf.reduce_sum(tf.square(one)) + 0.1 * tf.norm(one)
        for one in variables[::2]
    )


BY_HAND = [squares, powers, products, magnitudes, built_in_abs, norms, regulariser]
if BACKEND == "tensorflow":
    BY_HAND.append(tensorflows)


@pytest.mark.parametrize("penalty", BY_HAND)
@pytest.mark.parametrize("way", LOOPS[-1:])
def test_penalties_by_hand_are_gone(way: Any, penalty: Any) -> None:
    without = trained(way, net(), sgd())
    assert not same(trained(way, net(), sgd(), penalty=penalty), without)
    with changed("decay") as effect:
        found = trained(way, net(), sgd(), penalty=penalty)
    if BACKEND == "jax":
        assert any("on JAX" in limit for limit in effect.limits)
        assert not effect.done
    else:
        assert same(found, without)
        assert any("by hand" in what for what in effect.done)


def test_a_norm_that_is_only_watched_is_the_true_one() -> None:
    model = net()
    kernel = model.trainable_variables[2]
    before = float(keras.ops.norm(kernel))
    with changed("decay") as effect:
        if BACKEND == "torch":
            import torch

            with torch.no_grad():
                found = float(keras.ops.norm(kernel))
        else:
            found = float(keras.ops.norm(kernel))
    assert found == before
    assert not effect.done


class Normalised(keras.layers.Layer):
    """Divides by the norm of its own weight."""

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x: Any) -> Any:
        return x * self.gain / keras.ops.sqrt(keras.ops.sum(keras.ops.square(self.gain)))


@pytest.mark.parametrize("way", [fit, LOOPS[-1]])
def test_what_a_layer_computes_of_its_weight_stays(way: Any) -> None:
    def make() -> Any:
        return keras.Sequential([keras.Input((6, 6, 1)), Normalised(), *net().layers])

    without = trained(way, make(), sgd())
    with changed("decay") as effect:
        assert same(trained(way, make(), sgd()), without)
    assert not effect.done


def test_a_penalty_on_maps_stays() -> None:
    def make() -> Any:
        return net(activity_regularizer=keras.regularizers.L2(0.1))

    without = trained(fit, make(), sgd())
    with changed("decay") as effect:
        assert same(trained(fit, make(), sgd()), without)
    assert not effect.done


def test_afterwards_all_is_as_before() -> None:
    with changed("decay"):
        pass
    model = net(**REGULARISED)
    loss = evaluated(model)
    with changed("decay"):
        assert evaluated(net(**FREE)) == evaluated(net(**REGULARISED))
    assert loss > evaluated(net(**FREE))
    assert same(
        trained(fit, net(**REGULARISED), sgd(weight_decay=0.1)),
        trained(fit, net(**REGULARISED), sgd(weight_decay=0.1)),
    )
