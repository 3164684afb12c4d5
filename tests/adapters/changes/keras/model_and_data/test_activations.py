"""Saturating activations between layers become ReLU."""

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


def layered(activation: str, head: str = "sigmoid") -> Any:
    """Activations as layers, one of them behind a pool."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.MaxPooling2D(),
            layers.Activation(activation),
            layers.Flatten(),
            layers.Dense(5, activation=activation),
            layers.Dense(3),
            layers.Activation(head),
        ]
    )


CASES = {
    "part of layers": lambda name: convolutional(activation=name),
    "layers": layered,
    "functions of Keras": lambda name: Subclassed(getattr(keras.activations, name)),
    "operations": lambda name: Subclassed(getattr(keras.ops, name)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_trains_as_a_script_with_relu(case: str, name: str) -> None:
    make = CASES[case]
    with changed("activations") as effect:
        model = trained(lambda: make(name))
        x, _ = images(8, seed=1)
        found = model.predict(x, verbose=0), numbers(model(x))
    other = trained(lambda: make("relu"))
    assert close(model, other)
    assert not close(model, trained(lambda: make(name)))
    assert np.allclose(found[0], other.predict(x, verbose=0), atol=1e-4)
    assert np.allclose(found[1], found[0], atol=1e-4)
    assert sum(effect.done.values()) >= 2
    assert effect.limits == ()


def test_functions_of_the_backend() -> None:
    if BACKEND == "tensorflow":
        import tensorflow as tf

        function: Any = tf.nn.tanh
    elif BACKEND == "jax":
        import jax

        function = jax.nn.sigmoid
    else:
        import torch

        function = torch.tanh

    # Looked up at the call, as scripts do.
    def called(x: Any) -> Any:
        owner = {"tensorflow": "tf.nn", "jax": "jax.nn", "torch": "torch"}[BACKEND]
        module = {"tf.nn": lambda: tf.nn, "jax.nn": lambda: jax.nn, "torch": lambda: torch}
        return getattr(module[owner](), function.__name__)(x)

    x, _ = images(8)
    model = seeded(lambda: Subclassed(called))
    with changed("activations"):
        found = numbers(model(x))
    model.function = keras.ops.relu
    assert np.allclose(found, numbers(model(x)), atol=1e-4)


def test_the_output_is_left_alone() -> None:
    x, _ = images(8)
    model = seeded(lambda: layered("relu", "sigmoid"))
    before = numbers(model(x))
    with changed("activations") as effect:
        assert np.array_equal(numbers(model(x)), before)
    assert effect.done == {}


def test_maps_that_are_an_output_too_are_left_alone() -> None:
    inputs = keras.Input((8, 8, 3))
    maps = layers.Activation("tanh")(layers.Conv2D(4, 3)(inputs))
    model = keras.Model(inputs, [maps, layers.Dense(3)(layers.Flatten()(maps))])
    x, _ = images(8)
    before = numbers(model(x)[1])
    with changed("activations"):
        assert np.array_equal(numbers(model(x)[1]), before)


class Gates(keras.Model):
    """A squeeze and excitation, a swish by hand and a tanh beside a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2D(4, 3, name="conv")
        self.pool = layers.GlobalAveragePooling2D(keepdims=True)
        self.squeeze = layers.Dense(2, activation="relu")
        self.excite = layers.Dense(4, activation="sigmoid")
        self.last = layers.Conv2D(3, 3, name="last")
        self.flat = layers.GlobalAveragePooling2D()

    def call(self, x: Any) -> Any:
        x = self.conv(x)
        x = x * keras.ops.sigmoid(x)
        x = x * self.excite(self.squeeze(self.pool(x)))
        return self.flat(self.last(keras.ops.multiply(keras.ops.tanh(x), keras.ops.sigmoid(x))))


def test_gates_are_left_alone() -> None:
    x, _ = images(8)
    model = seeded(Gates)
    before = numbers(model(x))
    with changed("activations") as effect:
        assert np.array_equal(numbers(model(x)), before)
    assert effect.done == {}


def test_maps_that_a_gate_weighs_are_no_gate() -> None:
    inputs = keras.Input((8, 8, 3))
    x = maps = layers.Conv2D(4, 3, activation="tanh", name="maps")(inputs)
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([maps, layers.Reshape((1, 1, 4))(gate)])
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))
    with changed("activations"):
        model(images(8)[0])
        assert model.get_layer("maps").activation is keras.activations.relu
        assert model.get_layer("gate").activation is keras.activations.sigmoid
    assert model.get_layer("maps").activation is keras.activations.tanh


def test_recurrent_and_attention_layers_are_left_alone() -> None:
    inputs = keras.Input((6, 4))
    x = layers.LSTM(5, return_sequences=True)(inputs)
    x = layers.AdditiveAttention()([x, x])
    x = layers.MultiHeadAttention(2, 3)(x, x)
    model = keras.Model(inputs, layers.Dense(3)(layers.GRU(4)(x)))
    given = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    before = numbers(model(given))
    with changed("activations") as effect:
        assert np.array_equal(numbers(model(given)), before)
    assert effect.done == {}


def test_what_has_made_an_output_stays_when_it_is_joined_to_another_model() -> None:
    """As a generator does, that was asked for images before."""
    generator = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same", activation="tanh")]
    )
    inputs = keras.Input((8, 8, 3))
    judge = layers.Dense(1)(layers.Flatten()(generator(inputs)))
    joined = keras.Model(inputs, judge)
    x, _ = images(8)
    before = numbers(joined(x))
    with changed("activations") as effect:
        generator.predict(x, verbose=0)
        assert np.array_equal(numbers(joined(x)), before)
    assert (effect.done, effect.limits) == ({}, ())


def test_undone_nothing_changes() -> None:
    bare = left_behind(trained(lambda: layered("tanh")))
    with changed("activations"):
        model = trained(lambda: layered("tanh"))
        assert model.layers[2].activation is keras.activations.relu
    assert model.layers[2].activation is keras.activations.tanh
    assert left_behind(trained(lambda: layered("tanh"))) == bare


def test_a_watching_session_is_told_of_relu(tmp_path: Path) -> None:
    x, y = images()
    with changed("activations"), watched(tmp_path / "r.snellen") as contents:
        model = compiled(seeded(lambda: Subclassed(keras.activations.sigmoid)))
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    (subject,) = contents().subjects
    assert [subject.layer(name).activation for name in ("first", "second")] == ["relu", "relu"]
    assert max(maps[1].max() for maps in seen(contents(), "first", "post")) > 1
