"""What can be asked of a trained model, and that asking leaves nothing behind."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import nets
import numpy as np
import pytest
from keras import layers
from trainings import BACKEND, compiled, same

from snellen.adapters.contract import ModelRefusedError
from snellen.adapters.keras.model import KerasModel

GROUPS = 1 if BACKEND == "tensorflow" else 2


def trained(make: Any = nets.sequential) -> tuple[Any, KerasModel, Any, Any]:
    """A model that has trained for a few steps, held as the training holds it."""
    x, y = nets.images(48)
    keras.utils.set_random_seed(1)
    model = compiled(make())
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    held = KerasModel(model)
    held.look(x[:4], y[:4], lambda glimpse: None)
    return model, held, x, y


@functools.cache
def shared(make: Any = nets.sequential) -> tuple[Any, KerasModel, Any, Any]:
    """A trained model for tests that only ask."""
    return trained(make)


def as_array(value: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(value))


def state_of(model: Any) -> dict[str, Any]:
    """Weights, moving statistics, seeds, and every attribute of every layer."""
    state: dict[str, Any] = {
        f"{place} {variable.path}": as_array(variable.value)
        for place, variable in enumerate(model.variables)
    }
    for place, layer in enumerate(model._flatten_layers()):
        state[f"attributes {place}"] = sorted(vars(layer))
        state[f"trainable {place}"] = layer.trainable
        state[f"training {place}"] = getattr(layer, "training", None)
    if BACKEND == "torch":
        state["gradients"] = [
            None if v.value.grad is None else as_array(v.value.grad)
            for v in model.trainable_variables
        ]
    state["class"] = layers.BatchNormalization.__dict__["call"]
    return state


def quadratic(maps: Any) -> Any:
    return np.cos(np.arange(maps.size)).reshape(maps.shape)


ASKS: dict[str, Callable[[KerasModel, Any, Any], Any]] = {
    "answer": lambda held, x, y: held.answer(x, y),
    "batch statistics": lambda held, x, y: held.answer(x, y, batch_statistics=True),
    "gradients": lambda held, x, y: held.gradients(x, y),
    "input gradients": lambda held, x, y: held.input_gradients(x),
    "layer gradients": lambda held, x, y: held.input_gradients(
        x, quadratic, layer=held.look(x, y, lambda glimpse: None).layers[1].name
    ),
    "normalisations": lambda held, x, y: held.normalisations(),
    "images": lambda held, x, y: held.with_images(x, held.images_of(x) * 2),
    "shifted": lambda held, x, y: shifted_answer(held, x, y, 0.1),
}


def shifted_answer(held: KerasModel, x: Any, y: Any, by: float) -> Any:
    changes = {name: np.full(w.kernel.shape, by) for name, w in held.weights().items()}
    with held.shifted(changes):
        return held.answer(x, y)


@pytest.mark.parametrize("make", [nets.sequential, nets.subclassed])
def test_asking_leaves_nothing_behind(make: Any) -> None:
    model, held, x, y = trained(make)
    given = x.copy()
    for name, ask in ASKS.items():
        before = state_of(model)
        assert ask(held, x[:12], y[:12]) is not None, name
        after = state_of(model)
        assert [key for key in before if not same(before[key], after[key])] == [], name
    assert same(x, given)
    bare, asked = trained(make)[0], model
    for one in (bare, asked):
        keras.utils.set_random_seed(2)
        one.fit(x, y, batch_size=16, verbose=0)
    weights = [[as_array(v.value) for v in one.variables] for one in (bare, asked)]
    assert same(*weights)


def test_an_answer_is_what_the_model_predicts_and_the_loss_of_evaluate() -> None:
    model, held, x, y = shared()
    output, loss = held.answer(x, y)
    np.testing.assert_allclose(output, model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    assert loss == pytest.approx(model.evaluate(x, y, batch_size=48, verbose=0)[0], rel=1e-5)
    assert np.isnan(held.answer(x, None)[1])


def test_batch_statistics_normalise_by_the_batch_without_dropout() -> None:
    model, held, x, _ = trained()
    batch = x[:7]
    conv, norm = model.layers[0], model.layers[1]
    maps = as_array(conv(batch)).astype("float64")
    mean, variance = maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    normed = (maps - mean) / np.sqrt(variance + norm.epsilon)
    normed = normed * as_array(norm.gamma.value) + as_array(norm.beta.value)
    by_hand = keras.ops.convert_to_tensor(normed.astype("float32"))
    for layer in model.layers[2:]:
        by_hand = layer(by_hand, training=False) if "dropout" in layer.name else layer(by_hand)
    answer, _ = held.answer(batch, None, batch_statistics=True)
    np.testing.assert_allclose(answer, as_array(by_hand), rtol=1e-4, atol=1e-5)
    plain, _ = held.answer(batch, None)
    assert np.abs(answer - plain).max() > 1e-3
    norm.trainable = False
    frozen, _ = KerasModel(model).answer(batch, None, batch_statistics=True)
    np.testing.assert_allclose(frozen, plain, rtol=1e-5, atol=1e-6)


def test_tells_what_normalisations_remember() -> None:
    model, held, _, _ = shared()
    norm = model.layers[1]
    ((name, told),) = held.normalisations().items()
    assert name == model.layers[0].name
    for array, variable in (
        (told.running_mean, norm.moving_mean),
        (told.running_variance, norm.moving_variance),
        (told.gain, norm.gamma),
        (told.shift, norm.beta),
    ):
        np.testing.assert_array_equal(array, as_array(variable.value))
    assert (told.epsilon, told.kept) == (norm.epsilon, norm.momentum) == (1e-3, 0.99)


def kernels() -> Any:
    """One layer of every kind of kernel; smooth, so that differences tell its gradient."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            # TensorFlow has no gradient of grouped convolutions on the CPU.
            layers.Conv2D(4, 3, strides=2, groups=GROUPS, activation="tanh", name="conv"),
            layers.DepthwiseConv2D(2, depth_multiplier=2, activation="tanh", name="depthwise"),
            layers.Conv2DTranspose(3, 2, activation="tanh", name="transposed"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )


def test_shifted_kernels_are_what_they_are_plus_the_change() -> None:
    """A change in one place of the canonical order changes the loss as its gradient says."""
    _, held, x, y = shared(kernels)
    gradients = held.gradients(x, y)
    assert gradients is not None
    weights = {name: w.kernel.copy() for name, w in held.weights().items()}
    assert set(gradients) == set(weights) == {"conv", "depthwise", "transposed", "head"}
    random = np.random.default_rng(0)
    for name, kernel in weights.items():
        step = random.normal(size=kernel.shape) * 1e-2
        with held.shifted({name: step}):
            np.testing.assert_allclose(held.weights()[name].kernel, kernel + step, atol=1e-6)
            above = held.answer(x, y)[1]
        with held.shifted({name: -step}):
            below = held.answer(x, y)[1]
        expected = float((gradients[name] * step).sum())
        assert above - below == pytest.approx(2 * expected, rel=2e-2, abs=1e-6), name
    with pytest.raises(ZeroDivisionError), held.shifted({"conv": 0 * weights["conv"] + 1}):
        raise ZeroDivisionError
    assert all(same(w.kernel.copy(), weights[name]) for name, w in held.weights().items())


def test_shifted_and_initial_go_together() -> None:
    x, y = nets.images(32)
    model = compiled(kernels())
    held = KerasModel(model)
    held.look(x, y, lambda glimpse: None)
    held.keep_initial()
    kernel = held.weights()["head"].kernel.copy()
    model.fit(x, y, verbose=0)
    with held.initial(), held.shifted({"head": np.ones_like(kernel)}):
        np.testing.assert_allclose(held.weights()["head"].kernel, kernel + 1, rtol=1e-6)


@pytest.mark.parametrize("layer", ["", "conv", "depthwise", "head"])
def test_input_gradients_are_those_of_differences(layer: str) -> None:
    _, held, x, _ = shared(kernels)
    images = x[:3]
    pulled: list[Any] = []

    def pull(maps: Any) -> Any:
        pulled.append(maps.copy())
        return quadratic(maps)

    found = held.input_gradients(images, pull, layer=layer)
    assert found is not None
    assert found.shape == (3, 2, 8, 8)

    def value(images: Any) -> float:
        maps: dict[str, Any] = {}

        def see(glimpse: Any) -> None:
            if glimpse.part != "in":
                maps[glimpse.layer.name] = glimpse.host().astype("float64")

        seen = held.look(images, None, see)
        told = seen.output if not layer else maps[layer]
        np.testing.assert_allclose(told, pulled[0], rtol=0.5, atol=0.5)
        return float((quadratic(told) * told).sum())

    random = np.random.default_rng(0)
    direction = random.normal(size=images.shape).astype("float32") * 0.02
    slope = value(images + direction) - value(images - direction)
    expected = 2 * (found * np.moveaxis(direction, -1, 1)).sum()
    assert slope == pytest.approx(expected, rel=3e-2, abs=1e-5)


def test_without_weights_all_maps_are_pulled_alike() -> None:
    _, held, x, _ = shared(kernels)
    found = held.input_gradients(x[:2], layer="conv")
    ones = held.input_gradients(x[:2], np.ones_like, layer="conv")
    np.testing.assert_allclose(found, ones, rtol=1e-6)
    # The softmax adds up to one whatever goes in.
    np.testing.assert_allclose(held.input_gradients(x[:2]), 0, atol=1e-6)
    assert held.input_gradients(x[:2], layer="nobody") is None


def test_images_can_be_taken_out_and_put_in() -> None:
    _, held, x, _ = shared()
    two = {"number": np.arange(4), "image": x[:4].astype("float64"), "vector": x[:4, 0, 0]}
    images = held.images_of(two)
    np.testing.assert_array_equal(images, np.moveaxis(x[:4], -1, 1))
    images += 1
    assert same(two["image"], x[:4].astype("float64"))
    changed = held.with_images(two, images.astype("float32"))
    assert changed["image"].dtype == np.float64
    np.testing.assert_allclose(changed["image"], x[:4] + 1)
    assert changed["number"] is two["number"]
    assert held.images_of(np.arange(12).reshape(3, 4)) is None
    with pytest.raises(ValueError, match="no images"):
        held.with_images(np.arange(12).reshape(3, 4), images)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others have every gradient")
def test_a_gradient_that_tensorflow_does_not_have_is_none() -> None:
    """As that of grouped convolutions, on some processors only."""
    import tensorflow as tf

    @tf.custom_gradient
    def one_way(features: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            raise tf.errors.UnimplementedError(None, None, "no gradient on this processor")

        return tf.nn.relu(features), gradient

    model = compiled(
        keras.Sequential(
            [
                keras.Input((8, 8, 2)),
                layers.Conv2D(4, 3, activation=one_way, name="conv"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
    )
    x, y = nets.images(4)
    held = KerasModel(model)
    held.look(x, y, lambda glimpse: None)
    assert held.gradients(x, y) is None
    assert held.input_gradients(x) is None


def test_a_model_that_fails_on_the_images_says_so() -> None:
    model, held, x, y = shared()
    for ask in (
        lambda images: held.look(images, y, lambda glimpse: None),
        lambda images: held.answer(images, y),
        lambda images: held.gradients(images, y),
        held.input_gradients,
    ):
        with pytest.raises(ModelRefusedError):
            ask(x[:, :5])
    with pytest.raises(ZeroDivisionError):
        held.look(x, y, lambda glimpse: 1 / 0)
    assert held.answer(x, y)[1] == pytest.approx(
        model.evaluate(x, y, batch_size=48, verbose=0)[0], rel=1e-5
    )
