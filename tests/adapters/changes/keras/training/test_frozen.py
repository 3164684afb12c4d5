"""What the script freezes is trained all the same, and what never was to be trained is not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    IN_PYTHON,
    LOGITS,
    batches,
    changed,
    close,
    data,
    net,
    quick,
    same,
    trained,
    weights,
)


def sgd() -> Any:
    return keras.optimizers.SGD(0.1)


def by_setting(model: Any) -> Any:
    model.layers[0].trainable = False
    return model


def by_argument(model: Any) -> Any:
    del model
    return net(trainable=False)


def by_variable(model: Any) -> Any:
    for one in model.layers[0].variables:
        one.trainable = False
    return model


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("freeze", [by_setting, by_argument])
def test_frozen_layers_are_trained(way: Any, freeze: Any) -> None:
    expected = trained(way, net(), sgd())
    bare = freeze(net())
    trained(way, bare, sgd())
    assert len(weights(bare)) == 2
    with changed("frozen") as effect:
        assert same(trained(way, freeze(net()), sgd()), expected)
    assert effect.done == {"parameters that the script had frozen given to an optimiser": 2}
    assert not effect.limits


def test_frozen_variables_are_trained() -> None:
    expected = trained(quick, net(), sgd())
    with changed("frozen") as effect:
        assert same(trained(quick, by_variable(net()), sgd()), expected)
    assert effect.done
    assert len(weights(by_variable(net()))) == 2, "afterwards they can be frozen again"


def test_a_nested_model_frozen_as_a_whole() -> None:
    def make(freeze: bool) -> Any:
        inner = net(units=5)
        inner.trainable = not freeze
        head = layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=4))
        return keras.Sequential([keras.Input((6, 6, 1)), inner, head])

    expected = trained(quick, make(False), sgd())
    with changed("frozen"):
        assert same(trained(quick, make(True), sgd()), expected)


def normalised(trainable: bool) -> Any:
    norm = layers.BatchNormalization()
    norm.trainable = trainable
    return keras.Sequential([keras.Input((6, 6, 1)), norm, *net().layers])


def test_a_frozen_normalisation_normalises_by_the_batch_again() -> None:
    def train(model: Any) -> list[Any]:
        trained(quick, model, sgd())
        return [np.array(keras.ops.convert_to_numpy(one.value)) for one in model.weights]

    expected = train(normalised(True))
    assert not close(train(normalised(False))[2:], expected[2:])
    with changed("frozen"):
        model = normalised(False)
        assert close(train(model), expected)
    # Its moving averages and the seeds are still no parameters.
    assert len(model.trainable_variables) == 6
    assert len(model.non_trainable_variables) == 2


def test_freezing_after_compile_and_between_two_trainings() -> None:
    x, y = data()

    def train(freeze: bool) -> list[Any]:
        model = net()
        model.compile(sgd(), LOGITS, run_eagerly=IN_PYTHON)
        model.layers[0].trainable = not freeze
        model.fit(x, y, batch_size=6, shuffle=False, verbose=0)
        model.layers[-1].trainable = not freeze
        model.fit(x, y, batch_size=6, shuffle=False, verbose=0)
        return weights(model)

    expected = train(False)
    with changed("frozen"):
        assert same(train(True), expected)


def test_what_is_not_frozen_is_left() -> None:
    expected = trained(quick, normalised(True), sgd())
    with changed("frozen") as effect:
        assert same(trained(quick, normalised(True), sgd()), expected)
    assert not effect.done
    assert not effect.limits


@pytest.mark.skipif(BACKEND == "jax", reason="a loop on JAX takes the gradients of all it is given")
def test_a_loop_with_parameters_of_its_own_choice_is_said() -> None:
    with changed("frozen") as effect:
        model = net()
        model.layers[0].trainable = False
        before = weights(model)[:2]
        head = model.layers[-1].trainable_variables
        x, y = batches()[0]
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                value = LOGITS(y, model(x))
            sgd().apply(tape.gradient(value, head), head)
        else:
            import torch

            LOGITS(y, model(x)).backward()
            with torch.no_grad():
                sgd().apply([one.value.grad for one in head], head)
    assert any("have no gradients there" in limit for limit in effect.limits)
    assert same(weights(model)[:2], before)
    assert not effect.done
