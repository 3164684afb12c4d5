"""Each convolution that keeps its input's shape adds its input to its output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from changing import (
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

from snellen.adapters.keras import passes


class Skipping(Subclassed):
    """What the change is to make of `convolutional` and `Subclassed`."""

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.function(self.first(x))
        return self.head(self.flat(self.function(self.second(x) + x)))


@pytest.mark.parametrize("make", [convolutional, Subclassed])
def test_trains_and_predicts_as_a_script_with_skips(make: Any) -> None:
    x, y = images()
    x = x / 255
    with changed("skips") as effect:
        model = trained(make, x, y)
        found = model.predict(x, verbose=0)
    other = trained(make, x, y)
    assert not close(model, other)
    other = Skipping()
    other(x[:1])
    other.set_weights([numbers(v) for v in model.weights])
    assert np.allclose(found, other.predict(x, verbose=0), atol=1e-4)
    assert effect.limits == ()
    assert effect.done
    if make is Subclassed:
        assert close(model, trained(Skipping, x, y))


def kept() -> dict[str, Any]:
    """Models in which there is nothing to skip."""
    inputs = keras.Input((8, 8, 3))

    def conv(channels: int = 3, **options: Any) -> Any:
        return layers.Conv2D(channels, 3, **{"padding": "same", **options})

    def head(x: Any) -> Any:
        return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))

    stem = conv(4)(inputs)
    return {
        "other channels": head(conv(4)(inputs)),
        "smaller maps": head(conv(strides=2)(inputs)),
        "valid padding": head(conv(padding="valid")(inputs)),
        "the output": keras.Model(inputs, conv()(inputs)),
        "a residual block": head(layers.Add()([inputs, conv()(layers.ReLU()(conv()(inputs)))])),
        "a sum by hand": head(inputs + layers.ReLU()(layers.BatchNormalization()(conv()(inputs)))),
        "a projected skip": head(layers.Add()([layers.Conv2D(4, 1)(stem), conv(4)(stem)])),
    }


@pytest.mark.parametrize("case", kept())
def test_leaves_alone(case: str) -> None:
    model = kept()[case]
    x, _ = images(8)
    before = numbers(model(x))
    with changed("skips") as effect:
        assert np.array_equal(numbers(model(x)), before)
    assert effect.done == {}


def test_other_kinds_of_convolutions_and_open_sizes() -> None:
    inputs = keras.Input((None, None, 3))
    chosen = [
        layers.DepthwiseConv2D(3, padding="same"),
        layers.SeparableConv2D(3, 3, padding="same"),
        layers.Conv2DTranspose(3, 3, padding="same"),
        layers.Conv2D(3, 1, padding="same", activation=None),
    ]
    x, expected = inputs, images(4)[0]
    for layer in chosen:
        x = layer(x)
    valid = layers.Conv2D(3, 3)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(valid(x))))
    for layer in chosen:
        expected = numbers(layer(expected)) + expected
    expected = numbers(model.layers[-1](model.layers[-2](valid(expected))))
    with changed("skips") as effect:
        found = numbers(model(images(4)[0]))
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-2)
    assert sum(effect.done.values()) == len(chosen)


def test_a_convolution_called_twice() -> None:
    shared = layers.Conv2D(3, 3, padding="same", activation="relu")
    inputs = keras.Input((8, 8, 3))
    x = shared(shared(inputs))
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))
    given = images(4)[0] / 255
    with changed("skips") as effect:
        found = numbers(model(given))
    maps = given
    for _ in range(2):
        maps = np.maximum(numbers(keras.ops.conv(maps, shared.kernel, padding="same")) + maps, 0)
    assert np.allclose(found, numbers(model.layers[-1](maps.reshape(4, -1))), atol=1e-3)
    assert sum(effect.done.values()) == 2


def test_undone_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("skips"):
        trained(convolutional)
    assert left_behind(trained(convolutional)) == bare


def test_a_look_that_comes_first_does_not_see_how_the_places_are_found() -> None:
    model = seeded(convolutional)
    x = keras.ops.convert_to_tensor(images(4)[0])
    with changed("skips") as effect:
        look = passes.eager(*(model, x, None, lambda *_: None, lambda *_: None, {}, lambda _: True))
    assert [layer.name for layer in look.layers] == ["first", "second", "head"]
    assert effect.done


def test_a_watching_session_sees_the_sum(tmp_path: Path) -> None:
    x, y = images()
    with changed("skips"), watched(tmp_path / "r.snellen") as contents:
        compiled(seeded(convolutional), 0.0).fit(x, y, batch_size=8, epochs=2, verbose=0)
    model = seeded(convolutional)
    maps = numbers(model.layers[0](x))
    found = numbers(model.layers[1].convolution_op(maps, model.layers[1].kernel)) + maps
    low, high = seen(contents(), "second")[0]
    assert np.allclose(low, found.min(axis=(0, 1, 2)), rtol=1e-3)
    assert np.allclose(high, found.max(axis=(0, 1, 2)), rtol=1e-3)
