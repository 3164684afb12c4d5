"""The labels of each batch are the same ones in another order, for the training loss alone."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    IN_PYTHON,
    LOGITS,
    WITH_XLA,
    batches,
    changed,
    data,
    evaluated,
    fit,
    fit_in_python,
    net,
    same,
    trained,
    weights,
)

RATE = 0.1
JAX_COMPILED = "jax_loop_compiled"


def sgd() -> Any:
    return keras.optimizers.SGD(RATE)


class Heard(keras.losses.Loss):
    """Writes down the labels that it is given, where they have values."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[Any] = []

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if BACKEND != "jax":
            self.labels.append(keras.ops.convert_to_numpy(y_true))
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)


@pytest.mark.parametrize("way", [*ALL_WAYS, *WITH_XLA])
def test_training_goes_another_way_and_the_same_way_again(way: Any) -> None:
    plain = trained(way, net(), sgd())
    found = []
    for seed in (0, 0, 1):
        with changed("labels", seed=seed) as effect:
            found.append(trained(way, net(), sgd()))
        if way.__name__ == JAX_COMPILED:
            assert same(found[-1], plain)
            assert not effect.done
            assert any("compiles with JAX" in limit for limit in effect.limits)
        else:
            assert effect.done
            assert not effect.limits
    if way.__name__ != JAX_COMPILED:
        assert not same(found[0], plain)
        assert same(found[0], found[1])
        assert not same(found[0], found[2])


@pytest.mark.skipif(BACKEND == "jax", reason="a step on JAX has no values to hear")
def test_they_are_the_same_labels_in_each_batch_dealt_out_anew() -> None:
    loss, heard = Heard(), []
    with changed("labels", seed=0):
        for _ in range(2):
            fit_in_python(net(), sgd(), loss)
            # Before them Keras may have looked for shapes.
            heard += [one.reshape(-1) for one in loss.labels[-3:]]
    own = [y for _, y in batches()] * 2
    for one, true in zip(heard, own, strict=True):
        assert sorted(one) == sorted(true)
    assert any(not np.array_equal(one, true) for one, true in zip(heard, own, strict=True))
    orders = {tuple(one) for one in heard}
    assert len(orders) > 3, "another order in each batch, also in the second epoch"


def test_the_images_say_nothing_of_labels_that_a_training_remembers() -> None:
    """With true labels this net learns the classes; with permuted ones it can't."""

    def accuracy(seed: int | None) -> float:
        x, y = data(120)
        model = net()
        model.compile(keras.optimizers.Adam(0.05), LOGITS, metrics=["accuracy"])
        if seed is None:
            model.fit(x, y, batch_size=30, epochs=25, verbose=0, shuffle=False)
        else:
            with changed("labels", seed=seed):
                model.fit(x, y, batch_size=30, epochs=25, verbose=0, shuffle=False)
        return float(model.evaluate(x, y, verbose=0)[1])

    assert accuracy(None) > 0.9
    assert accuracy(0) < 0.7


def test_all_losses_of_a_step_have_the_same_order() -> None:
    """Two heads of the same output whose labels are opposite: their gradients cancel out."""

    def train() -> list[Any]:
        single = net(units=1)
        out = single.layers[-1].output
        heads = [keras.layers.Identity(name=name)(out) for name in ("a", "b")]
        model = keras.Model(single.inputs, heads)
        model.compile(sgd(), ["mse", "mse"], run_eagerly=IN_PYTHON)
        x, y = data()
        y = y.astype("float32")
        model.fit(x, [y, -y], batch_size=6, shuffle=False, verbose=0)
        return weights(model)

    plain = train()
    with changed("labels", seed=0) as effect:
        found = train()
    assert effect.done
    # The labels add up to zero, whichever order both have.
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(found, plain, strict=True))


def test_evaluations_and_metrics_have_the_true_labels() -> None:
    expected = evaluated(net())
    x, y = data()
    with changed("labels", seed=0):
        assert evaluated(net()) == expected
        model = net()
        model.compile(
            keras.optimizers.SGD(0.0), LOGITS, metrics=["accuracy"], run_eagerly=IN_PYTHON
        )
        history = model.fit(x, y, batch_size=6, verbose=0, validation_data=(x, y)).history
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-5)
    assert history["accuracy"] == history["val_accuracy"]


def test_no_random_stream_of_the_script_is_drawn_from() -> None:
    def after(seed: int | None) -> Any:
        keras.utils.set_random_seed(5)
        model = net()
        if seed is None:
            fit(model, sgd())
        else:
            with changed("labels", seed=seed):
                fit(model, sgd())
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((3,)))
        found = [random.random(), float(np.random.random()), drawn.tolist()]
        if BACKEND == "tensorflow":
            import tensorflow as tf

            found.append(tf.random.uniform((2,)).numpy().tolist())
        return found

    assert after(None) == after(0) == after(1)


def test_a_loss_by_hand_is_said() -> None:
    def alone(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.square(y_pred))

    way = ALL_WAYS[1]
    expected = trained(way, net(), sgd(), alone)
    with changed("labels", seed=0) as effect:
        assert same(trained(way, net(), sgd(), alone), expected)
    assert any("none of Keras'" in limit for limit in effect.limits)
    assert not effect.done
