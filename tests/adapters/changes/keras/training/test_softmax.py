"""Weights are those of the script with `from_logits=False`; a loss of logits stays what it is."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import (
    BACKEND,
    IN_PYTHON,
    LOGITS,
    WAYS,
    changed,
    close,
    data,
    evaluated,
    net,
    quick,
    same,
    trained,
)

Sparse = keras.losses.SparseCategoricalCrossentropy
PROBABILITIES = Sparse()


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        # Keras on TensorFlow warns of what it finds.
        warnings.simplefilter("ignore")
        yield


def sgd() -> Any:
    return keras.optimizers.SGD(0.5)


class Foreign(keras.layers.Layer):
    """A softmax of the backend, then cast: Keras itself can't find what was before it."""

    def call(self, x: Any) -> Any:
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return tf.nn.softmax(x)
        if BACKEND == "jax":
            import jax

            return jax.nn.softmax(x)
        import torch

        return torch.softmax(x, -1)


def foreign() -> Any:
    return keras.Sequential([keras.Input((6, 6, 1)), *net().layers, Foreign()])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [lambda: net("softmax"), foreign], ids=["activation", "foreign"])
def test_probabilities_are_taken_as_such(way: Any, make: Any) -> None:
    expected = trained(way, make(), sgd(), PROBABILITIES)
    doubled = trained(way, make(), sgd(), LOGITS)
    with changed("softmax") as effect:
        assert close(trained(way, make(), sgd(), LOGITS), expected)
    if close(doubled, expected):
        # Keras on TensorFlow has undone it, and there was nothing to do.
        assert BACKEND == "tensorflow"
        assert not effect.done
        assert any("by itself" in limit for limit in effect.limits)
    else:
        assert effect.done
        assert not effect.limits


def test_a_cast_in_between_hides_nothing() -> None:
    def make() -> Any:
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            return net("softmax")
        finally:
            keras.config.set_dtype_policy("float32")

    expected = trained(quick, make(), sgd(), PROBABILITIES)
    assert not close(trained(quick, make(), sgd(), LOGITS), expected)
    with changed("softmax") as effect:
        assert close(trained(quick, make(), sgd(), LOGITS), expected)
    assert effect.done


@pytest.mark.parametrize("focal", [False, True])
def test_two_classes_and_focal_losses(focal: bool) -> None:
    kind = keras.losses.BinaryFocalCrossentropy if focal else keras.losses.BinaryCrossentropy
    x, y = data()

    def train(logits: bool) -> list[Any]:
        model = net("sigmoid", units=1)
        model.compile(sgd(), kind(from_logits=logits), run_eagerly=IN_PYTHON)
        model.fit(x, (y == 2)[:, None], batch_size=6, shuffle=False, verbose=0)
        return [one.numpy() for one in model.trainable_variables]

    expected, doubled = train(False), train(True)
    with changed("softmax") as effect:
        assert close(train(True), expected)
    assert bool(effect.done) == (not close(doubled, expected))
    assert bool(effect.done) or (BACKEND == "tensorflow" and not focal)


def test_a_focal_loss_of_many_classes() -> None:
    x, y = data()

    def train(logits: bool) -> list[Any]:
        model = net("softmax")
        loss = keras.losses.CategoricalFocalCrossentropy(from_logits=logits)
        model.compile(sgd(), loss, run_eagerly=IN_PYTHON)
        model.fit(x, np.eye(3)[y], batch_size=6, shuffle=False, verbose=0)
        return [one.numpy() for one in model.trainable_variables]

    expected = train(False)
    assert not close(train(True), expected)
    with changed("softmax") as effect:
        assert close(train(True), expected)
    assert effect.done


def test_a_function_of_keras() -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    expected = trained(quick, foreign(), sgd(), PROBABILITIES)
    with changed("softmax"):
        assert close(trained(quick, foreign(), sgd(), loss), expected)


@pytest.mark.parametrize("way", WAYS)
def test_logits_and_losses_of_probabilities_are_left(way: Any) -> None:
    logits = trained(way, net(), sgd(), LOGITS)
    probabilities = trained(way, net("softmax"), sgd(), PROBABILITIES)
    with changed("softmax") as effect:
        assert same(trained(way, net(), sgd(), LOGITS), logits)
        assert same(trained(way, net("softmax"), sgd(), PROBABILITIES), probabilities)
    assert not effect.done
    assert not effect.limits


def test_the_model_puts_out_what_it_did_and_the_loss_asks_what_it_did() -> None:
    x, _ = data()
    out = net("softmax").predict(x, verbose=0)
    loss = Sparse(from_logits=True)
    with changed("softmax"):
        model = net("softmax")
        assert np.array_equal(model.predict(x, verbose=0), out)
        evaluated(model, loss)
    assert loss.get_config()["from_logits"] is True


def test_evaluations_report_the_loss_so_too() -> None:
    expected = evaluated(foreign(), PROBABILITIES)
    with changed("softmax"):
        assert evaluated(foreign(), LOGITS) == pytest.approx(expected, rel=1e-5)


def test_a_sigmoid_elsewhere_in_the_model_is_none_before_the_loss() -> None:
    def make() -> Any:
        return keras.Sequential([*net("sigmoid", units=4).layers, keras.layers.Dense(3)])

    def seeded() -> Any:
        keras.utils.set_random_seed(0)
        return make()

    expected = trained(quick, seeded(), sgd(), LOGITS)
    with changed("softmax") as effect:
        assert same(trained(quick, seeded(), sgd(), LOGITS), expected)
    assert not effect.done
