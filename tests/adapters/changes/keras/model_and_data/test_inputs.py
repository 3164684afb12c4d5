"""The model gets its images less their mean and divided by their standard deviation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from changing import (
    BACKEND,
    Subclassed,
    changed,
    close,
    compiled,
    convolutional,
    images,
    left_behind,
    numbers,
    seeded,
    seen,
    trained,
    watched,
)
from keras import layers

MEAN, DEVIATION = (100.0, 120.0, 140.0), (50.0, 60.0, 70.0)
STANDARD = {"mean": MEAN, "deviation": DEVIATION}


def by_hand(x: Any) -> Any:
    return (x.astype("float32") - np.float32(MEAN)) / np.float32(DEVIATION)


@pytest.mark.parametrize("make", [convolutional, Subclassed])
def test_trains_evaluates_and_predicts_as_on_standardised_images(make: Any) -> None:
    x, y = images()
    with changed("inputs", **STANDARD) as effect:
        model = trained(make)
        found = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0), numbers(model(x))
    other = trained(make, by_hand(x), y)
    assert close(model, other)
    assert not close(model, trained(make))
    assert np.allclose(found[0], other.evaluate(by_hand(x), y, verbose=0), rtol=1e-4)
    assert np.allclose(found[1], other.predict(by_hand(x), verbose=0), atol=1e-4)
    assert np.allclose(found[2], found[1], atol=1e-4)
    assert sum(effect.done.values()) >= 3
    assert effect.limits == ()


def test_images_of_whole_numbers() -> None:
    x, y = images()
    x = x.astype("uint8")
    with changed("inputs", **STANDARD):
        model = trained(convolutional, x, y)
    assert close(model, trained(convolutional, by_hand(x), y))


def test_with_mean_zero_and_deviation_one_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("inputs", mean=(0.0,) * 3, deviation=(1.0,) * 3) as effect:
        model = trained(convolutional)
    assert left_behind(model) == bare
    assert effect.done


def test_undone_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("inputs", **STANDARD):
        trained(convolutional)
    assert left_behind(trained(convolutional)) == bare


def behind_preparing(kind: str) -> Any:
    """A convolution behind layers that prepare its images."""
    adapted = layers.Normalization(mean=[10.0, 20.0, 30.0], variance=[4.0, 9.0, 16.0])
    first = {
        "rescaling": [layers.Rescaling(-1 / 255, 0.5)],
        "both": [layers.Rescaling(1 / 2), adapted],
        "nested": [keras.Sequential([layers.RandomFlip(), layers.Rescaling(1 / 255)])],
    }[kind]
    inputs = x = keras.Input((8, 8, 3))
    for layer in first:
        x = layer(x)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


@pytest.mark.parametrize("kind", ["rescaling", "both", "nested"])
def test_behind_rescaling_layers_the_images_end_up_the_same(kind: str) -> None:
    x, _ = images()
    model = seeded(lambda: behind_preparing(kind))
    with changed("inputs", **STANDARD) as effect:
        found = numbers(model(x, training=False))
    plain = keras.Sequential([keras.Input((8, 8, 3)), *model.layers[-3:]])
    assert np.allclose(found, numbers(plain(by_hand(x))), atol=1e-4)
    assert effect.limits == ()


class ByHand(Subclassed):
    def call(self, x: Any, training: bool = False) -> Any:
        return super().call(x / 255.0)


class Cast(Subclassed):
    def call(self, x: Any, training: bool = False) -> Any:
        return super().call(keras.ops.cast(x, "float32"))


def test_a_model_that_scales_its_images_by_hand_is_left_alone() -> None:
    x, _ = images()
    model = seeded(ByHand)
    before = numbers(model(x))
    with changed("inputs", **STANDARD) as effect:
        after = numbers(model(x))
    assert (before == after).all()
    assert effect.done == {}
    assert "on them first" in effect.limits[0]


def test_a_cast_by_hand_is_no_scaling() -> None:
    x, _ = images()
    model = seeded(Cast)
    model(x)
    with changed("inputs", **STANDARD):
        found = numbers(model(x.astype("uint8")))
    assert np.allclose(found, numbers(model(by_hand(x.astype("uint8")))), atol=1e-4)


def test_images_taken_twice_and_other_inputs_beside_them() -> None:
    other, x = keras.Input((4,)), keras.Input((8, 8, 3))
    one, two = layers.Conv2D(2, 3)(x), layers.MaxPooling2D()(x)
    flat = [layers.Flatten()(maps) for maps in (one, two)]
    model = keras.Model([other, x], layers.Dense(3)(layers.Concatenate()([*flat, other])))
    given = images()[0]
    vectors = np.ones((len(given), 4), "float32")
    plain = numbers(model([vectors, by_hand(given)]))
    with changed("inputs", **STANDARD):
        assert np.allclose(numbers(model([vectors, given])), plain, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8, 1), (3,)])
def test_inputs_that_are_no_images_of_these_channels_are_left_alone(shape: Any) -> None:
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(2)])
    x = np.ones((4, *shape), "float32")
    before = numbers(model(x))
    with changed("inputs", **STANDARD) as effect:
        assert (numbers(model(x)) == before).all()
    assert effect.done == {}


def test_channels_first() -> None:
    if BACKEND == "tensorflow":
        pytest.skip("its convolutions on the CPU take no channels first")
    inputs = keras.Input((3, 8, 8))
    x = layers.Conv2D(2, 3, data_format="channels_first")(inputs)
    model = keras.Model(inputs, layers.Flatten()(x))
    given = images()[0]
    plain = numbers(model(np.moveaxis(by_hand(given), -1, 1)))
    with changed("inputs", **STANDARD):
        assert np.allclose(numbers(model(np.moveaxis(given, -1, 1))), plain, atol=1e-4)


def test_a_model_within_a_model_is_not_standardised_again() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same")])
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, inner(inner(inputs)))
    x, _ = images()
    plain = numbers(model(by_hand(x)))
    with changed("inputs", **STANDARD):
        assert np.allclose(numbers(model(x)), plain, atol=1e-4)


def test_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = seeded(convolutional)
    finally:
        keras.config.set_dtype_policy("float32")
    x, _ = images()
    plain = numbers(model(by_hand(x))).astype("float32")
    with changed("inputs", **STANDARD):
        assert np.allclose(numbers(model(x)).astype("float32"), plain, atol=0.1)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow")
def test_a_loop_within_a_function_of_tensorflow() -> None:
    import tensorflow as tf

    def loop(x: Any, y: Any) -> Any:
        model, optimizer = seeded(Subclassed), keras.optimizers.SGD(1e-3)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return value

        for start in (0, 8, 16):
            step(tf.constant(x[start : start + 8]), tf.constant(y[start : start + 8]))
        return model

    x, y = images()
    with changed("inputs", **STANDARD) as effect:
        model = loop(x, y)
    assert close(model, loop(by_hand(x), y))
    # TensorFlow traces a function that makes variables twice.
    assert sum(effect.done.values()) == 2


def test_a_watching_session_sees_the_maps_of_standardised_images(tmp_path: Path) -> None:
    x, y = images()
    with changed("inputs", **STANDARD), watched(tmp_path / "r.snellen") as contents:
        compiled(seeded(convolutional)).fit(x, y, batch_size=8, epochs=2, verbose=0)
    with watched(tmp_path / "p.snellen") as plain:
        compiled(seeded(convolutional)).fit(by_hand(x), y, batch_size=8, epochs=2, verbose=0)
    found, expected = seen(contents(), "first"), seen(plain(), "first")
    assert len(found) == len(expected) > 1
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3)
