"""A batch normalisation stands behind each convolution that has none."""

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

if BACKEND == "jax":
    pytest.skip("nothing is inserted on JAX", allow_module_level=True)


def norm() -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False)


class Normalised(Subclassed):
    """What the change is to make of `convolutional` and `Subclassed`."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = [norm(), norm()]

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.function(self.norms[0](self.first(x), training=training))
        x = self.function(self.norms[1](self.second(x), training=training))
        return self.head(self.flat(x))


@pytest.mark.parametrize("make", [convolutional, Subclassed])
def test_trains_evaluates_and_predicts_as_a_script_with_normalisations(make: Any) -> None:
    x, y = images()
    other = trained(Normalised)
    with changed("normalisation") as effect:
        model = seeded(Subclassed)
        if make is convolutional:
            # With the very weights that the other began with.
            model(x[:1])
            start, model = model, seeded(convolutional)
            for one, its in zip(model.weights, start.weights, strict=True):
                one.assign(its.value)
        compiled(model).fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found = model.predict(x, verbose=0), model.evaluate(x, y, verbose=0), numbers(model(x))
    expected = [numbers(v) for v in other.trainable_variables]
    for one, its in zip(model.weights, expected, strict=True):
        assert np.allclose(numbers(one), its, atol=1e-4)
    assert np.allclose(found[0], other.predict(x, verbose=0), atol=1e-2)
    assert np.allclose(found[1], other.evaluate(x, y, verbose=0), atol=1e-2)
    assert np.allclose(found[2], found[0], atol=1e-3)
    assert effect.done
    assert effect.limits == ()


def test_weights_and_saving_are_the_scripts_own(tmp_path: Path) -> None:
    with changed("normalisation") as effect:
        model = trained(convolutional)
        names = [layer.name for layer in model._flatten_layers()]
        assert len(model.weights) == 6
        assert not [name for name in names if "normalisation" in name]
        weights = model.get_weights()
        model.save_weights(tmp_path / "a.weights.h5")
        assert effect.limits == ()
        model.set_weights(weights)
        assert "bring no statistics" in effect.limits[0]
        model.load_weights(tmp_path / "a.weights.h5")
        model.save(tmp_path / "a.keras")
    same = keras.models.load_model(tmp_path / "a.keras")
    assert close(same, model)


def kept() -> dict[str, Any]:
    """Models in which there is nothing to normalise."""
    inputs = keras.Input((8, 8, 3))

    def conv(**options: Any) -> Any:
        return layers.Conv2D(4, 3, **options)

    def head(x: Any) -> Any:
        return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))

    shared = layers.Conv2D(3, 3, padding="same")
    return {
        "normalised": head(layers.ReLU()(norm()(conv()(inputs)))),
        "behind its activation": head(
            norm()(layers.MaxPooling2D()(conv(activation="relu")(inputs)))
        ),
        "by groups": head(layers.GroupNormalization(2)(conv()(inputs))),
        "behind a sum": head(norm()(layers.Add()([conv()(inputs), conv()(inputs)]))),
        "one of two calls": head(norm()(shared(shared(inputs)))),
        "the output": keras.Model(inputs, layers.GlobalAveragePooling2D()(conv()(inputs))),
        "no convolution": head(layers.Dense(4, activation="relu")(inputs)),
    }


@pytest.mark.parametrize("case", kept())
def test_leaves_alone(case: str) -> None:
    model = kept()[case]
    x, _ = images(8)
    bare = seeded(lambda: keras.models.clone_model(model))
    other = seeded(lambda: keras.models.clone_model(model))
    with changed("normalisation") as effect:
        found = numbers(other(x, training=True))
    assert np.array_equal(found, numbers(bare(x, training=True)))
    assert effect.done == {}


def test_evaluation_changes_no_statistics() -> None:
    x, y = images()
    with changed("normalisation") as effect:
        model = trained(convolutional, x, y)
        before = model.predict(x, verbose=0)
        done = dict(effect.done)
        model.evaluate(x + 100, y, verbose=0)
        model(x + 100, training=False)
        assert np.array_equal(before, model.predict(x, verbose=0))
        assert effect.done == done
        model(x + 100, training=True)
        assert not np.array_equal(before, model.predict(x, verbose=0))


class Plain(keras.Model):
    """Its `call` takes no `training`: Keras trains it in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2D(4, 3, name="conv")
        self.flat = layers.Flatten()
        self.head = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.head(self.flat(self.conv(x)))


def test_says_where_it_can_not() -> None:
    x, y = images()
    with changed("normalisation") as effect:
        model = trained(Plain, x / 255, y)
    assert close(model, trained(Plain, x / 255, y))
    assert effect.done == {}
    assert "takes no `training`" in effect.limits[0]


def test_undone_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("normalisation"):
        trained(convolutional)
    assert left_behind(trained(convolutional)) == bare


def test_names_of_later_layers_stay() -> None:
    with changed("normalisation"):
        keras.utils.clear_session()
        seeded(convolutional)(images(4)[0])
        assert layers.BatchNormalization().name == "batch_normalization"


def test_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = seeded(convolutional)
    finally:
        keras.config.set_dtype_policy("float32")
    with changed("normalisation"):
        assert str(numbers(model(images(8)[0], training=True)).dtype) == "bfloat16"


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow")
def test_compiled_by_xla() -> None:
    x, y = images()
    found = []
    with changed("normalisation"):
        for compiles in (False, True):
            model = compiled(seeded(convolutional), jit_compile=compiles)
            model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
            found.append(model.predict(x, verbose=0))
    assert np.allclose(*found, atol=1e-3)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow")
def test_a_loop_within_a_function_of_tensorflow() -> None:
    import tensorflow as tf

    def loop(make: Any) -> Any:
        model, optimizer = seeded(make), keras.optimizers.SGD(1e-3)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return value

        x, y = images()
        for start in (0, 8, 16):
            step(tf.constant(x[start : start + 8]), tf.constant(y[start : start + 8]))
        return model, model.predict(x, verbose=0)

    with changed("normalisation"):
        _, found = loop(Subclassed)
    assert np.allclose(found, loop(Normalised)[1], atol=1e-2)


def test_a_watching_session_sees_normalised_maps(tmp_path: Path) -> None:
    x, y = images()
    with changed("normalisation"), watched(tmp_path / "r.snellen") as contents:
        model = compiled(seeded(convolutional))
        model.fit(x, y, batch_size=8, epochs=8, verbose=0)
    with changed("normalisation"):
        bare = compiled(seeded(convolutional))
        bare.fit(x, y, batch_size=8, epochs=8, verbose=0)
    assert close(model, bare, 1e-6)
    first, last = (np.abs(seen(contents(), "second")[place]).max() for place in (0, -1))
    # Running statistics begin at 0 and 1.
    assert first > 20
    assert last < 8
