"""The training loss is that of a script which weighs its images by class; evaluations are not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import (
    ALL_WAYS,
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
    weights,
)

CLASSES = (0.25, 0.5, 2.25)


def sgd() -> Any:
    return keras.optimizers.SGD(0.1)


class Weighted(keras.losses.Loss):
    """What the change is to be: sums of weighted losses over the weights' sums."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        index = keras.ops.cast(y_true, "int32")
        by_image = keras.ops.take(keras.ops.convert_to_tensor(CLASSES), index)
        values = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        return keras.ops.sum(by_image * values) / keras.ops.sum(by_image) + 0.0 * values


@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_mean_is_divided_by_the_weights(way: Any) -> None:
    expected = trained(way, net(), sgd(), Weighted())
    assert not close(trained(way, net(), sgd()), expected)
    with changed("classes", weights=CLASSES) as effect:
        assert close(trained(way, net(), sgd()), expected)
    assert effect.done
    assert not effect.limits


def test_by_the_labels_name_and_as_one_hot_rows() -> None:
    expected = trained(quick, net("softmax"), sgd(), by_hand)
    with changed("classes", weights=CLASSES):
        assert close(
            trained(quick, net("softmax"), sgd(), "sparse_categorical_crossentropy"), expected
        )
        assert close(one_hot(), expected)


def by_hand(y_true: Any, y_pred: Any) -> Any:
    index = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
    by_image = keras.ops.take(keras.ops.convert_to_tensor(CLASSES), index)
    values = -keras.ops.log(keras.ops.sum(y_pred * keras.ops.one_hot(index, 3), -1))
    return keras.ops.sum(by_image * values) / keras.ops.sum(by_image) + 0.0 * values


def one_hot() -> list[Any]:
    model = net("softmax")
    model.compile(sgd(), "categorical_crossentropy", run_eagerly=IN_PYTHON)
    x, y = data()
    model.fit(x, np.eye(3, dtype="float32")[y], batch_size=6, shuffle=False, verbose=0)
    return weights(model)


def test_two_classes_in_one_output() -> None:
    def train(**options: Any) -> list[Any]:
        model = net("sigmoid", units=1)
        model.compile(sgd(), "binary_crossentropy", run_eagerly=IN_PYTHON)
        x, y = data()
        model.fit(x, (y == 2)[:, None], batch_size=6, shuffle=False, verbose=0, **options)
        return weights(model)

    # Of each six images four are of the first class and two of the second: the mean is 1.
    expected = train(class_weight={0: 0.75, 1: 1.5})
    with changed("classes", weights=(0.75, 1.5)):
        assert close(train(), expected)


def test_each_position_of_a_segmentation() -> None:
    def make() -> Any:
        return keras.Sequential(
            [keras.Input((6, 6, 1)), keras.layers.Conv2D(3, 3, kernel_initializer="zeros")]
        )

    x, _ = data()
    y = np.random.default_rng(1).integers(0, 3, (18, 4, 4))
    by_position = np.array(CLASSES)[y]

    def train(weights_of: Any, **loss: Any) -> list[Any]:
        model = make()
        model.compile(
            sgd(),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True, **loss),
            run_eagerly=IN_PYTHON,
        )
        model.fit(x, y, sample_weight=weights_of, batch_size=18, shuffle=False, verbose=0)
        return weights(model)

    expected = train(by_position / by_position.mean())
    with changed("classes", weights=CLASSES):
        assert close(train(None), expected)
    # Of a class that is ignored the weight counts nowhere.
    counted = np.where(y == 1, 0.0, by_position)
    expected = train(counted / by_position[y != 1].mean(), ignore_class=1)
    with changed("classes", weights=CLASSES):
        assert close(train(None, ignore_class=1), expected)


def test_the_scripts_own_weights_are_multiplied_with() -> None:
    x, y = data()
    own = np.linspace(0.5, 1.5, len(y)).astype("float32")
    by_class = np.array(CLASSES, "float32")[y]

    def train(sample_weight: Any) -> list[Any]:
        model = net()
        model.compile(sgd(), LOGITS, run_eagerly=IN_PYTHON)
        model.fit(x, y, sample_weight=sample_weight, batch_size=6, shuffle=False, verbose=0)
        return weights(model)

    with changed("classes", weights=CLASSES):
        assert close(train(own), train_without(own * by_class / by_class.mean()))


def train_without(sample_weight: Any) -> list[Any]:
    """Weighs by hand, with the change under way taken off by a loss that it does not know."""

    class Plain(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    model = net()
    model.compile(sgd(), Plain(), run_eagerly=IN_PYTHON)
    x, y = data()
    model.fit(x, y, sample_weight=sample_weight, batch_size=6, shuffle=False, verbose=0)
    return weights(model)


def test_evaluations_are_left_alone() -> None:
    x, y = data()

    def train() -> Any:
        model = net()
        model.compile(sgd(), LOGITS, metrics=["accuracy", crossentropy()], run_eagerly=IN_PYTHON)
        return model, model.fit(
            x, y, batch_size=6, shuffle=False, verbose=0, validation_data=(x, y)
        )

    loss = evaluated(net())
    with changed("classes", weights=CLASSES):
        assert evaluated(net()) == loss
        model, history = train()
        assert history.history["val_loss"][0] == pytest.approx(plain_loss(model), rel=1e-4)
    if BACKEND == "torch":
        with changed("classes", weights=CLASSES):
            import torch

            with torch.no_grad():
                assert float(LOGITS(y, net()(x))) == pytest.approx(loss, rel=1e-5)
    else:
        with changed("classes", weights=CLASSES):
            assert float(LOGITS(y, net()(x))) == pytest.approx(loss, rel=1e-5)


def crossentropy() -> Any:
    return keras.metrics.SparseCategoricalCrossentropy(from_logits=True)


def plain_loss(model: Any) -> float:
    x, y = data()
    out = model.predict(x, verbose=0).astype(np.float64)
    out -= np.log(np.exp(out).sum(1, keepdims=True))
    return float(-out[np.arange(len(y)), y].mean())


@pytest.mark.parametrize(
    "loss",
    ["mse", keras.losses.Huber()],
)
def test_losses_on_values_are_left(loss: Any) -> None:
    def train() -> list[Any]:
        model = net(units=1)
        model.compile(sgd(), loss, run_eagerly=IN_PYTHON)
        x, y = data()
        model.fit(x, y.astype("float32"), batch_size=6, shuffle=False, verbose=0)
        return weights(model)

    expected = train()
    with changed("classes", weights=CLASSES) as effect:
        assert same(train(), expected)
    assert not effect.done
    assert not effect.limits


def test_what_has_another_number_of_classes_is_left_and_said() -> None:
    expected = trained(quick, net(), sgd())
    with changed("classes", weights=(0.5, 1.5)) as effect:
        assert same(trained(quick, net(), sgd()), expected)
    assert any("2 classes" in limit for limit in effect.limits)
    assert not effect.done


@pytest.mark.parametrize("way", WAYS[-1:])
def test_a_loss_by_hand_is_said_and_a_function_of_keras_weighted(way: Any) -> None:
    def alone(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.square(y_pred))

    def function(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(
            keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        )

    expected = trained(way, net(), sgd(), alone)
    with changed("classes", weights=CLASSES) as effect:
        assert same(trained(way, net(), sgd(), alone), expected)
    assert any("none of Keras'" in limit for limit in effect.limits)
    # Of each six images there are two of each class, so that the weights' mean is 1.
    expected = trained(way, net(), sgd(), Weighted())
    with changed("classes", weights=CLASSES) as effect:
        assert close(trained(way, net(), sgd(), function), expected)
    assert effect.done
