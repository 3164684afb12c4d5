"""Training begins at other weights, once, where it begins at all; all else is as it was."""

from __future__ import annotations

import random
from pathlib import Path
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
    by_batches,
    changed,
    data,
    fit,
    net,
    quick,
    same,
    trained,
    weights,
)


def still() -> Any:
    """Updates that change nothing, so that a training leaves its first weights."""
    return keras.optimizers.SGD(0.0)


def odd(**options: Any) -> Any:
    """Of every kind, with biases and gains that are not the usual ones."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(64, 3, padding="same", kernel_initializer="ones", **options),
            layers.BatchNormalization(gamma_initializer="zeros", beta_initializer="ones"),
            layers.SeparableConv2D(32, 3, padding="same", bias_initializer="ones"),
            layers.DepthwiseConv2D(3, padding="same", depthwise_initializer="ones"),
            layers.Conv2DTranspose(32, 3, kernel_initializer="ones"),
            layers.GroupNormalization(8, gamma_initializer="zeros"),
            layers.Flatten(),
            layers.Dense(3, kernel_initializer="zeros", bias_initializer="ones"),
        ]
    )


def test_every_kind_of_layer_begins_as_it_should() -> None:
    model = odd()
    with changed("initialisation", seed=0) as effect:
        trained(quick, model, still())
    assert effect.done == {"layers that began with other weights": 7}
    conv, norm, separable, depthwise, transposed, group, _, dense = model.layers
    for layer in (conv, separable, transposed, dense):
        assert not np.any(layer.bias.numpy())
    for layer in (norm, group):
        assert np.all(layer.gamma.numpy() == 1)
        assert not np.any(layer.beta.numpy())
    for kernel, inputs in (
        (conv.kernel, 9),
        (separable.depthwise_kernel, 9),
        (separable.pointwise_kernel, 64),
        (depthwise.kernel, 9),
        (transposed.kernel, 32 * 9),
        (dense.kernel, 8 * 8 * 32),
    ):
        values = kernel.numpy()
        count = values.size
        # Four standard errors of a standard deviation, and of a mean.
        assert values.std() == pytest.approx(np.sqrt(2 / inputs), rel=4 / np.sqrt(2 * count))
        assert abs(values.mean()) < 4 * np.sqrt(2 / inputs / count)
        assert np.abs(values).max() > 2.0 * np.sqrt(2 / inputs), "it is not cut off"


def test_moving_averages_stay() -> None:
    model = odd()
    model.layers[1].moving_mean.assign(np.full(64, 7.0))
    with changed("initialisation", seed=0):
        model.compile(still(), LOGITS, run_eagerly=IN_PYTHON)
        model.train_on_batch(*batches()[0])
    assert np.all(model.layers[1].moving_mean.numpy() > 5)


@pytest.mark.parametrize("way", ALL_WAYS)
def test_all_ways_begin_with_the_same_weights(way: Any) -> None:
    with changed("initialisation", seed=3) as effect:
        found = trained(way, net(), still())
    with changed("initialisation", seed=3):
        expected = trained(by_batches, net(), still())
    assert same(found, expected)
    assert not same(found, weights(net()))
    assert effect.done


@pytest.mark.parametrize("way", ALL_WAYS)
def test_the_first_step_is_made_from_them(way: Any) -> None:
    with changed("initialisation", seed=3):
        found = trained(way, net(), keras.optimizers.SGD(0.1))
    with changed("initialisation", seed=3):
        began = net()
        trained(way, began, still())
    assert same(found, trained(way, began, keras.optimizers.SGD(0.1)))


def test_weights_made_by_the_first_step() -> None:
    model = keras.Sequential(
        [
            layers.Conv2D(4, 3, kernel_initializer="zeros"),
            layers.Flatten(),
            layers.Dense(3, bias_initializer="ones"),
        ]
    )
    with changed("initialisation", seed=3):
        kernel, _, _, bias = trained(fit, model, still())
    assert np.all(kernel)
    assert not np.any(bias)


def test_another_seed_gives_others_and_the_same_the_same() -> None:
    found = []
    for seed in (0, 0, 1):
        with changed("initialisation", seed=seed):
            found.append(trained(quick, net(), still()))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_what_was_trained_is_not_begun_anew() -> None:
    with changed("initialisation", seed=0) as effect:
        model = net()
        fit(model, keras.optimizers.SGD(0.1))
        before = weights(model)
        assert same(trained(quick, model, still()), before)
    assert effect.done == {"layers that began with other weights": 2}


def test_a_loaded_model_keeps_its_weights(tmp_path: Path) -> None:
    saved = net()
    saved.layers[0].kernel.assign(saved.layers[0].kernel * 2)
    path = tmp_path / "saved.weights.h5"
    saved.save_weights(path)
    with changed("initialisation", seed=0) as effect:
        model = net()
        model.load_weights(path)
        assert same(trained(quick, model, still()), weights(saved))
    assert not effect.done
    assert any("loaded" in limit for limit in effect.limits)


def test_a_head_on_a_loaded_backbone_is_part_of_a_loaded_model(tmp_path: Path) -> None:
    path = tmp_path / "saved.weights.h5"
    net(units=5).save_weights(path)
    with changed("initialisation", seed=0) as effect:
        backbone = net(units=5)
        backbone.load_weights(path)
        backbone.trainable = False
        model = keras.Sequential([backbone, layers.Dense(3)])
        model(data()[0])
        before = weights(model)
        assert same(trained(quick, model, still()), before)
    assert effect.limits


def test_what_is_frozen_stays_also_when_it_is_freed_later() -> None:
    with changed("initialisation", seed=0) as effect:
        model = net()
        frozen = model.layers[0]
        frozen.trainable = False
        before = [one.numpy() for one in frozen.weights]
        fit(model, still())
        assert same([one.numpy() for one in frozen.weights], before)
        model.trainable = True
        fit(model, still())
    assert same([one.numpy() for one in frozen.weights], before)
    assert effect.done == {"layers that began with other weights": 1}


def test_no_random_stream_of_the_script_is_drawn_from() -> None:
    def after(seed: int | None) -> Any:
        keras.utils.set_random_seed(5)
        model = net()
        if seed is None:
            trained(quick, model, still())
        else:
            with changed("initialisation", seed=seed):
                trained(quick, model, still())
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((3,)))
        return random.random(), float(np.random.random()), drawn.tolist()

    assert after(None) == after(0) == after(1)


def test_an_evaluation_alone_begins_nothing() -> None:
    with changed("initialisation", seed=0) as effect:
        model = net()
        before = weights(model)
        model.predict(data()[0], verbose=0)
        if BACKEND != "torch":
            model(data()[0])
    assert same(weights(model), before)
    assert not effect.done
