"""Dropout's rate times a factor."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from changing import (
    BACKEND,
    changed,
    compiled,
    images,
    left_behind,
    numbers,
    seeded,
    trained,
    weights_of,
)
from keras import layers

ONES = np.ones((16, 6, 6, 50), "float32")

LAYERS = {
    "Dropout": lambda rate: layers.Dropout(rate, seed=1),
    "SpatialDropout2D": lambda rate: layers.SpatialDropout2D(rate, seed=1),
    "AlphaDropout": lambda rate: layers.AlphaDropout(rate, seed=1),
    "GaussianDropout": lambda rate: layers.GaussianDropout(rate, seed=1),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_drops_as_one_with_the_scaled_rate(kind: str) -> None:
    make = LAYERS[kind]
    with changed("dropout", factor=0.5) as effect:
        layer = make(0.5)
        found = numbers(layer(ONES, training=True))
        assert layer.rate == 0.5
        assert (numbers(layer(ONES, training=False)) == ONES).all()
    assert np.array_equal(found, numbers(make(0.25)(ONES, training=True)))
    assert not np.array_equal(found, numbers(make(0.5)(ONES, training=True)))
    assert sum(effect.done.values()) == 1


@pytest.mark.parametrize("kind", LAYERS)
def test_no_dropout(kind: str) -> None:
    with changed("dropout", factor=0.0):
        assert (numbers(LAYERS[kind](0.5)(ONES, training=True)) == ONES).all()


def by_keras() -> Any:
    return keras.random.dropout(keras.ops.ones((100, 100)), 0.8)


def by_backend() -> Any:
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.nn.dropout(tf.ones((100, 100)), rate=0.8)
    if BACKEND == "torch":
        import torch

        return torch.nn.functional.dropout(torch.ones(100, 100), 0.8)
    pytest.skip("JAX itself has no dropout")


@pytest.mark.parametrize("call", [by_keras, by_backend])
@pytest.mark.parametrize("factor", [1.0, 0.5, 0.0])
def test_a_function_called_by_hand_is_scaled_once(call: Any, factor: float) -> None:
    with changed("dropout", factor=factor):
        found = numbers(call())
    assert abs((found == 0).mean() - 0.8 * factor) < 0.03


def dropping() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip(),
            layers.Conv2D(4, 3, activation="relu"),
            layers.SpatialDropout2D(0.4),
            layers.Flatten(),
            layers.Dense(8),
            layers.Dropout(0.4),
            layers.Dense(3),
        ]
    )


def test_with_factor_one_nothing_changes() -> None:
    bare = left_behind(trained(dropping))
    with changed("dropout", factor=1.0) as effect:
        found = left_behind(trained(dropping))
    assert found == bare
    assert effect.done


def test_without_dropout_all_other_random_numbers_stay() -> None:
    bare = trained(dropping)
    streams = left_behind(bare)[-2:]
    with changed("dropout", factor=0.0):
        model = trained(dropping)
    assert left_behind(model)[-2:] == streams
    differ = [
        one.path.split("/")[-1]
        for one, other in zip(model.variables, bare.variables, strict=True)
        if not np.array_equal(numbers(one), numbers(other))
    ]
    assert "kernel" in differ
    assert not [name for name in differ if "seed" in name]


def test_evaluation_and_other_noise_are_left_alone() -> None:
    model = compiled(seeded(dropping))
    x, y = images()
    before = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)
    noise = keras.layers.GaussianNoise(0.5, seed=1)(ONES, training=True)
    with changed("dropout", factor=0.0) as effect:
        after = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)
        same = keras.layers.GaussianNoise(0.5, seed=1)(ONES, training=True)
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert np.array_equal(numbers(noise), numbers(same))
    assert effect.done == {}


def test_dropout_of_recurrent_layers() -> None:
    x = np.ones((4, 5, 3), "float32")
    layer = layers.LSTM(6, dropout=0.5, recurrent_dropout=0.5)
    plain = numbers(layer(x, training=False))
    with changed("dropout", factor=0.0):
        assert np.allclose(numbers(layer(x, training=True)), plain, atol=1e-6)


def test_undone_nothing_changes() -> None:
    bare = weights_of(trained(dropping))
    with changed("dropout", factor=0.0):
        trained(dropping)
    assert all(map(np.array_equal, bare, weights_of(trained(dropping))))
