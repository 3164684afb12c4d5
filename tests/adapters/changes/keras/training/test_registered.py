"""Layers that a model runs and does not own are trained with it."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    LOGITS,
    batches,
    changed,
    close,
    data,
    fit,
    net,
    quick,
    same,
    seeded,
    trained,
    weights,
)


class Box:
    """What Keras does not look into."""

    def __init__(self, *held: Any) -> None:
        self.held = held


class Model(keras.Model):
    """A convolution, kept where Keras sees it or where it does not."""

    def __init__(self, hidden: bool) -> None:
        super().__init__()
        conv = layers.Conv2D(4, 3, activation="relu", kernel_initializer=seeded(1))
        self.box = Box(conv) if hidden else conv
        self.head = layers.Dense(3, kernel_initializer=seeded(2))

    def call(self, x: Any, training: bool = False) -> Any:
        del training
        conv = self.box.held[0] if isinstance(self.box, Box) else self.box
        return self.head(keras.ops.mean(conv(x), (1, 2)))


def built(hidden: bool) -> Any:
    model = Model(hidden)
    model(data()[0])
    return model


def by_shape(values: list[Any]) -> list[Any]:
    """Layers that join come last."""
    return sorted(values, key=lambda one: one.shape)


def sgd() -> Any:
    return keras.optimizers.SGD(0.1)


@pytest.mark.parametrize("way", ALL_WAYS)
def test_hidden_layers_are_trained(way: Any) -> None:
    expected = by_shape(trained(way, built(False), sgd()))
    assert len(trained(way, built(True), sgd())) == 2
    with changed("registered") as effect:
        assert close(by_shape(trained(way, built(True), sgd())), expected)
    assert effect.done == {"layers that their model did not own made its own": 1}
    assert not effect.limits


def test_weights_made_by_the_first_step() -> None:
    expected = by_shape(trained(fit, Model(False), sgd()))
    with changed("registered") as effect:
        assert close(by_shape(trained(fit, Model(True), sgd())), expected)
    assert effect.done


def test_a_layer_used_twice_joins_once() -> None:
    class Twice(Model):
        def call(self, x: Any, training: bool = False) -> Any:
            return super().call(x, training) + super().call(-x, training)

    with changed("registered") as effect:
        model = Twice(True)
        model(data()[0])
        model(data()[0])
    assert effect.done == {"layers that their model did not own made its own": 1}
    assert len(model.trainable_variables) == 4


def test_what_a_call_makes_anew_is_said() -> None:
    class Making(Model):
        def call(self, x: Any, training: bool = False) -> Any:
            return super().call(layers.Conv2D(1, 1)(x), training)

    with changed("registered") as effect:
        model = Making(False)
        model(data()[0])
    assert effect.limits == ("layers that are made during a call are other ones at the next",)
    assert not effect.done


def test_a_model_that_owns_its_layers_is_left() -> None:
    def nested() -> Any:
        return keras.Sequential([keras.Input((6, 6, 1)), net()])

    expected = trained(quick, nested(), sgd())
    with changed("registered") as effect:
        assert same(trained(quick, nested(), sgd()), expected)
    assert not effect.done
    assert not effect.limits


@pytest.mark.skipif(
    BACKEND == "jax", reason="a loop on JAX gives an optimiser what it is built for"
)
def test_parameters_that_a_loop_leaves_out_are_said() -> None:
    def steps(variables_of: Any) -> tuple[str, ...]:
        with changed("registered") as effect:
            model, optimizer = net(), sgd()
            before = weights(model)
            for x, y in batches():
                variables = variables_of(model)
                if BACKEND == "tensorflow":
                    import tensorflow as tf

                    with tf.GradientTape() as tape:
                        value = LOGITS(y, model(x, training=True))
                    optimizer.apply(tape.gradient(value, variables), variables)
                else:
                    import torch

                    model.zero_grad()
                    LOGITS(y, model(x, training=True)).backward()
                    with torch.no_grad():
                        optimizer.apply([one.value.grad for one in variables], variables)
        assert not same(weights(model), before)
        assert not effect.done
        return effect.limits

    assert not steps(lambda model: model.trainable_variables)
    assert any(
        "have no gradients" in limit for limit in steps(lambda model: model.layers[-1].weights)
    )
