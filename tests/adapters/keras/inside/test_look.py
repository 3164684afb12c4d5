"""What a look at a model shows, and that it leaves no trace."""

from __future__ import annotations

from typing import Any

import keras
import nets
import numpy as np
import pytest
from keras import layers
from trainings import BACKEND, compiled, same

from snellen.adapters.contract import Glimpse, Pass
from snellen.adapters.keras.model import KerasModel

Maps = dict[tuple[str, str], Any]


def looked(model: Any, x: Any, y: Any = None, held: KerasModel | None = None) -> tuple[Pass, Maps]:
    maps: Maps = {}

    def see(glimpse: Glimpse) -> None:
        maps[glimpse.layer.name, glimpse.part] = glimpse.host().copy()

    return (held or KerasModel(model)).look(x, y, see), maps


def summary(seen: Pass) -> list[tuple[Any, ...]]:
    return [
        (one.name, one.activation, one.inputs, one.normalised, one.residual, one.head)
        for one in seen.layers
    ]


def second(maps: Any) -> Any:
    return np.moveaxis(np.asarray(maps), -1, 1)


def test_shows_the_values_before_and_after_each_activation() -> None:
    x, y = nets.images(6)
    model = compiled(nets.functional())
    seen, maps = looked(model, x, y)
    for name, part in (("stem", "pre"), ("branch", "pre"), ("sum_relu", "post")):
        inner = keras.Model(model.inputs, model.get_layer(name).output)
        np.testing.assert_allclose(
            maps[name, part], second(inner.predict(x, verbose=0)), rtol=1e-4, atol=1e-5
        )
    np.testing.assert_array_equal(maps["", "input"], second(x))
    np.testing.assert_array_equal(maps["stem", "in"], second(x))
    np.testing.assert_array_equal(maps["stem", "post"], np.maximum(maps["stem", "pre"], 0))
    z = maps["head", "pre"].astype("float64")
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(maps["head", "post"], softmax, rtol=1e-5)
    np.testing.assert_allclose(seen.output, softmax, rtol=1e-5)
    assert seen.loss == pytest.approx(-np.log(softmax[np.arange(6), y]).mean(), rel=1e-5)
    assert ("branch", "post") not in maps


def test_follows_a_skip_connection() -> None:
    seen, _ = looked(nets.functional(), nets.images(4)[0])
    assert summary(seen) == [
        ("stem", "relu", (), False, True, False),
        ("branch", "linear", ("stem",), True, True, False),
        ("sum_relu", "relu", ("branch", "stem"), False, False, False),
        ("head", "softmax", ("sum_relu",), False, False, True),
    ]
    assert seen.layers[3].output_activation == "softmax"


def test_follows_functions_and_layers_within_layers() -> None:
    model = nets.subclassed()
    x, _ = nets.images(4)
    model(x)
    seen, maps = looked(model, x)
    assert summary(seen) == [
        ("first/conv", "relu", (), True, True, False),
        ("second/conv", "relu", ("first/conv",), True, True, False),
        ("hidden", "sigmoid", ("second/conv", "first/conv"), False, False, False),
        ("head", "linear", ("hidden",), False, False, True),
    ]
    np.testing.assert_allclose(maps["head", "pre"], np.asarray(seen.output), rtol=1e-6)
    assert maps["first/conv", "post"].min() == 0


class Raw(keras.Model):
    """Written with the backend's own functions; one of its layers is nobody's kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2D(3, 3, name="conv")
        self.mid = layers.Conv2D(3, 1, name="mid")
        self.odd = layers.Lambda(lambda maps: maps**3, name="odd")
        self.dense = layers.Dense(2, name="dense")

    def call(self, x: Any) -> Any:
        x = self.odd(self.mid(_relu(self.conv(x))))
        return self.dense(_flat(x))


def _relu(x: Any) -> Any:
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.nn.relu(x)
    if BACKEND == "jax":
        import jax

        return jax.nn.relu(x)
    import torch

    return torch.relu(x)


def _flat(x: Any) -> Any:
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.reshape(x, (tf.shape(x)[0], -1))
    return x.reshape((x.shape[0], -1))


def test_an_activation_that_it_does_not_know_is_unknown() -> None:
    model = Raw()
    x, _ = nets.images(4)
    model(x)
    seen, _ = looked(model, x)
    assert summary(seen) == [
        ("conv", "relu", (), False, False, False),
        ("mid", None, ("conv",), False, False, False),
        ("dense", "linear", ("mid",), False, False, True),
    ]


def test_kernels_come_in_one_order() -> None:
    """A kernel read as `(outputs, inputs per group, *kernel)` gives the layer's own output."""
    inputs = keras.Input((6, 6, 4))
    x = layers.Conv2D(6, 3, groups=2, name="grouped", activation="relu")(inputs)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise")(x)
    x = layers.LeakyReLU()(x)
    x = layers.Conv2DTranspose(5, 2, name="transposed", activation="gelu")(x)
    x = layers.SeparableConv2D(3, 1, name="separable", activation=layers.ReLU())(x)
    x = layers.Dense(2, name="each", activation="hard_sigmoid")(x)
    model = keras.Model(inputs, x)
    held = KerasModel(model)
    images = np.random.default_rng(0).normal(size=(3, 6, 6, 4)).astype("float32")
    seen, maps = looked(model, images, held=held)
    shapes = [(one.name, one.weight_shape, one.groups, one.transposed) for one in seen.layers]
    assert shapes == [
        ("grouped", (6, 2, 3, 3), 2, False),
        ("depthwise", (12, 1, 2, 2), 6, False),
        ("transposed", (5, 12, 2, 2), 1, True),
        ("separable", (3, 5, 1, 1), 1, False),
        ("each", (2, 3), 1, False),
    ]
    assert [one.activation for one in seen.layers] == [
        *("relu", "leaky_relu", "gelu", "relu", "hard_sigmoid")
    ]
    weights = held.weights()
    assert {name: w.kernel.shape for name, w in weights.items()} == {
        name: shape for name, shape, _, _ in shapes
    }
    grouped = weights["grouped"]
    patch = maps["", "input"][:, 2:, :3, :3]
    by_hand = np.tensordot(patch, grouped.kernel[3:], ((1, 2, 3), (1, 2, 3))) + grouped.bias[3:]
    np.testing.assert_allclose(maps["grouped", "pre"][:, 3:, 0, 0], by_hand, rtol=1e-4, atol=1e-5)
    patch = maps["grouped", "post"][:, 4, :2, :2]
    by_hand = np.tensordot(patch, weights["depthwise"].kernel[8:10, 0], ((1, 2), (1, 2)))
    np.testing.assert_allclose(
        maps["depthwise", "pre"][:, 8:10, 0, 0], by_hand, rtol=1e-4, atol=1e-5
    )
    corner = maps["depthwise", "post"][:, :, 0, 0] @ weights["transposed"].kernel[:, :, 0, 0].T
    np.testing.assert_allclose(maps["transposed", "pre"][:, :, 0, 0], corner, rtol=1e-4, atol=1e-5)


def test_reads_half_precision_maps() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = nets.sequential()
    finally:
        keras.config.set_dtype_policy("float32")
    tables: dict[tuple[str, str], Any] = {}

    def see(glimpse: Glimpse) -> None:
        tables[glimpse.layer.name, glimpse.part] = glimpse.table(-np.inf, 0.0), glimpse.host()

    x, _ = nets.images(5)
    seen = KerasModel(model).look(x, None, see)
    first = seen.layers[0]
    assert (first.activation, first.normalised) == ("relu", True)
    table, host = tables[first.name, "post"]
    assert host.dtype == np.float32
    np.testing.assert_allclose(table[:, :, 0], host.sum(axis=(2, 3)), rtol=1e-2, atol=1e-2)
    assert np.isnan(seen.loss)


def test_initial_weights_are_seen_again_and_only_in_the_block() -> None:
    x, y = nets.images(20)
    model = compiled(nets.sequential())
    held = KerasModel(model)
    before = looked(model, x, y, held)[0]
    with pytest.raises(RuntimeError, match="keep_initial"), held.initial():
        pass
    held.keep_initial()
    model.fit(x, y, verbose=0)
    now = looked(model, x, y, held)[0]
    weights = [np.array(weight) for weight in model.get_weights()]
    with held.initial():
        again = looked(model, x, y, held)[0]
    assert same(again.output, before.output)
    assert again.loss == before.loss
    assert not same(now.output, before.output)
    assert same(looked(model, x, y, held)[0].output, now.output)
    assert same([np.array(weight) for weight in model.get_weights()], weights)
    held.drop_initial()


def test_leaves_no_trace_on_the_model() -> None:
    from keras.src import backend
    from keras.src.layers.layer import Layer

    x, y = nets.images(6)
    model = compiled(nets.functional())
    owners = [Layer, backend.nn, backend.numpy, backend]
    found = [dict(vars(owner)) for owner in owners]
    attributes = [dict(vars(layer)) for layer in model.layers]
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    looked(model, x, y)
    assert [dict(vars(owner)) for owner in owners] == found
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes
    for layer, own in zip(model.layers, attributes, strict=True):
        assert vars(layer).keys() == own.keys()
        assert getattr(layer, "activation", None) is own.get("activation")


class Counting(layers.Layer):
    """Changes its state, adds a loss and draws noise whenever it is called."""

    def build(self, shape: Any) -> None:
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.seeds = keras.random.SeedGenerator(7)

    def call(self, x: Any) -> Any:
        self.calls.assign(self.calls + 1)
        self.add_loss(keras.ops.mean(x))
        return x + keras.random.normal((1,), seed=self.seeds)


def test_forgets_what_layers_do_to_their_state_during_a_look() -> None:
    model = keras.Sequential([keras.Input((4,)), Counting(), layers.Dense(2)])
    model(np.ones((2, 4), "float32"))
    state = [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.variables]
    losses = list(model.losses)
    looked(model, np.ones((3, 4), "float32"))
    after = [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.variables]
    assert same(after, state)
    assert len(model.losses) == len(losses)
    assert all(one is other for one, other in zip(model.losses, losses, strict=True))


def test_tells_whether_the_weights_are_still_those_of_the_training() -> None:
    x, y = nets.images(16)
    model = compiled(nets.sequential())
    held = KerasModel(model)
    held.stamp()
    assert held.as_trained()
    model.train_on_batch(x, y)
    assert not held.as_trained()
    held.stamp()
    model.evaluate(x, y, verbose=0)
    assert held.as_trained()
