"""Windows say which positions of the input a position of the output depends on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from trainings import BACKEND

from snellen.adapters.keras.model import KerasModel
from snellen.core import Layer, Window, WindowKind

# On JAX every shape is compiled anew.
SIZES = [(9, 12)] if BACKEND == "jax" else [(11,), (9, 12)]


def look(model: Any) -> tuple[Layer, ...]:
    shape = (2, *model.input_shape[1:])
    images = np.random.default_rng(0).normal(size=shape).astype("float32")
    return KerasModel(model).look(images, None, lambda glimpse: None).layers


def reached(model: Any) -> Any:
    """By trial: which outputs change with which inputs, `(*input positions, *output positions)`."""
    positions = model.input_shape[1:-1]
    channels = model.input_shape[-1]
    count = int(np.prod(positions))
    images = np.zeros((count + 1, count, channels), "float32")
    images[np.arange(count), np.arange(count)] = 1.0
    images = images.reshape(count + 1, *positions, channels)
    out = np.asarray(keras.ops.convert_to_numpy(model(images, training=False)))
    changed = np.abs(out[:-1] - out[-1:]).max(axis=-1) > 1e-7
    return changed.reshape(*positions, *out.shape[1:-1])


def predicted(window: Window, out: tuple[int, ...]) -> Any:
    """The same by the window, one axis at a time."""
    whole = np.ones(())
    axes = []
    for axis, size in enumerate(window.positions):
        taps, step = window.kernel[axis], window.stride[axis]
        apart, first = window.dilation[axis], window.before[axis]
        table = np.zeros((size, out[axis]), bool)
        for place in range(size if window.kind is WindowKind.TRANSPOSED_CONV else out[axis]):
            for tap in range(taps):
                other = place * step + tap * apart
                if window.kind is WindowKind.TRANSPOSED_CONV:
                    if 0 <= other + first < out[axis]:
                        table[place, other + first] = True
                elif 0 <= other - first < size:
                    table[other - first, place] = True
        axes.append(table)
    for table in axes:
        whole = np.multiply.outer(whole, table)
    order = [*range(0, 2 * len(axes), 2), *range(1, 2 * len(axes), 2)]
    return whole.transpose(order).astype(bool)


def size_of(window: Window) -> tuple[int, ...]:
    """The output's size by the window."""
    ends = zip(window.positions, window.kernel, window.stride, window.dilation, strict=True)
    pads = zip(window.before, window.after, strict=True)
    sizes = []
    for (size, taps, step, apart), (first, last) in zip(ends, pads, strict=True):
        reach = (taps - 1) * apart + 1
        if window.kind is WindowKind.TRANSPOSED_CONV:
            sizes.append((size - 1) * step + reach + first + last)
        else:
            sizes.append((size + first + last - reach) // step + 1)
    return tuple(sizes)


def convolutions() -> list[tuple[str, tuple[int, ...], dict[str, Any]]]:
    found: list[tuple[str, tuple[int, ...], dict[str, Any]]] = []
    for padding in ("valid", "same"):
        for size in SIZES:
            ranked = f"Conv{len(size)}D"
            for kernel, strides, dilation in (
                (3, 1, 1),
                (4, 1, 1),
                (3, 2, 1),
                (2, 3, 1),
                (3, 1, 2),
            ):
                options = {"kernel_size": kernel, "strides": strides, "padding": padding}
                found.append((ranked, size, {**options, "dilation_rate": dilation}))
            if len(size) == 2:
                options = {"kernel_size": 3, "strides": 2, "padding": padding}
                found += [("DepthwiseConv2D", size, options), ("SeparableConv2D", size, options)]
                # On the CPU TensorFlow has no transposed convolution that is dilated and strided.
                for kernel, strides in ((2, 2), (3, 2), (4, 2), (4, 1), (5, 3)):
                    options = {"kernel_size": kernel, "strides": strides, "padding": padding}
                    found.append(("Conv2DTranspose", size, options))
    found.append(("Conv1D", (9,), {"kernel_size": 3, "padding": "causal", "dilation_rate": 2}))
    return found


def test_a_convolutions_window_is_what_it_really_does() -> None:
    for kind, size, options in convolutions():
        many = {} if kind.startswith("Depthwise") else {"filters": 3}
        inputs = keras.Input((*size, 2))
        layer = getattr(layers, kind)(**many, **options)
        model = keras.Model(inputs, layer(inputs))
        (seen,) = look(model)
        window = seen.window
        assert window is not None
        told = (kind, size, options, window)
        assert window.positions == size, told
        assert size_of(window) == seen.positions, told
        np.testing.assert_array_equal(predicted(window, seen.positions), reached(model), str(told))
        assert seen.paths == ((),), told


@pytest.mark.parametrize("kind", ["MaxPooling2D", "AveragePooling2D"])
def test_a_pools_window_is_what_it_really_does(kind: str) -> None:
    for size in SIZES[-1:]:
        for pool, strides in ((2, None), (3, 2), (3, 1), (2, 3)):
            for padding in ("valid", "same"):
                inputs = keras.Input((*size, 2))
                between = getattr(layers, kind)(pool, strides, padding)(inputs)
                (seen,) = look(keras.Model(inputs, layers.Conv2D(2, 1)(between)))
                ((window,),) = seen.paths
                assert window.padding == ("lowest" if kind == "MaxPooling2D" else "zeros")
                assert size_of(window) == seen.positions
                found = reached(keras.Model(inputs, between))
                np.testing.assert_array_equal(predicted(window, seen.positions), found)


def kinds(layer: Layer) -> list[list[str]]:
    return [[window.kind.value for window in path] for path in layer.paths]


def test_what_lies_between_layers_is_told_in_order() -> None:
    inputs = keras.Input((11, 13, 4))
    x = layers.ZeroPadding2D(((1, 0), (2, 1)))(inputs)
    x = layers.Conv2D(8, 4, strides=3, padding="same", activation="relu", name="one")(x)
    x = layers.BatchNormalization()(layers.MaxPooling2D(2, padding="same")(x))
    x = layers.UpSampling2D(3, interpolation="bilinear")(layers.Dropout(0.5)(x))
    x = layers.Conv2D(8, 3, name="two")(x)
    x = layers.Cropping2D(((1, 0), (0, 2)))(layers.Resizing(9, 10)(x))
    x = layers.Conv2D(4, 1, name="three")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(16, name="four")(x)
    x = layers.Conv2D(2, 2, name="five")(layers.Reshape((4, 4, 1))(x))
    outputs = layers.Dense(3, name="six")(layers.Flatten()(layers.AveragePooling2D(3)(x)))
    one, two, three, four, five, six = look(keras.Model(inputs, outputs))
    pad = Window(WindowKind.PAD, before=(1, 2), after=(0, 1), positions=(11, 13))
    assert one.paths == ((pad,),)
    ((pool, grown),) = two.paths
    assert (pool.kind, pool.kernel, pool.stride) == (WindowKind.MAX_POOL, (2, 2), (2, 2))
    assert (pool.positions, pool.before, pool.after) == ((4, 6), (0, 0), (0, 0))
    assert grown == Window(WindowKind.UPSAMPLE, (2, 2), (3, 3), positions=(2, 3))
    assert kinds(three) == [["other", "crop"]]
    assert (three.paths[0][1].before, three.paths[0][1].after) == ((-1, 0), (0, -2))
    assert [kinds(layer) for layer in (four, five, six)] == [
        [["global-pool"]],
        [["other"]],
        [["global-pool", "flatten"]],
    ]
    assert six.window is None


def test_of_several_ways_the_longest_and_one_for_each_source() -> None:
    inputs = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    side = layers.UpSampling2D()(layers.MaxPooling2D()(x))
    x = layers.Add()([x, side])
    x = layers.Conv2D(4, 3, padding="same", name="body")(x)
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.Reshape((1, 1, 4))(gate))
    x = layers.Multiply()([x, gate])
    x = layers.Concatenate()([x, inputs])
    x = layers.Conv2D(2, 1, name="last")(x)
    _, body, gated, last = look(keras.Model(inputs, x))
    assert (body.inputs, kinds(body)) == (("stem",), [["max-pool", "upsample"]])
    assert (gated.inputs, kinds(gated)) == (("body",), [["global-pool"]])
    assert (last.inputs, kinds(last)) == (("body", "gate"), [[], []])


class Functions(keras.Model):
    """Everything between its layers is a function of Keras."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = [layers.Conv2D(4, 1, name=f"conv{n}") for n in range(5)]
        self.head = layers.Dense(2, name="head")

    def call(self, x: Any) -> Any:
        ops = keras.ops
        x = self.convs[0](ops.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0)), mode="reflect"))
        x = self.convs[1](ops.max_pool(x, 3, 2, padding="same"))
        x = self.convs[2](ops.average_pool(x, (2, 3), strides=(2, 3)))
        x = self.convs[3](ops.image.resize(x, (2 * x.shape[1], x.shape[2]), "nearest"))
        x = self.convs[4](ops.depth_to_space(x, 2))
        return self.head(ops.mean(x, axis=(1, 2)))


def test_functions_have_windows_too() -> None:
    model = Functions()
    images = np.random.default_rng(0).normal(size=(2, 9, 12, 2)).astype("float32")
    model(images)
    seen = KerasModel(model).look(images, None, lambda glimpse: None).layers
    assert [kinds(layer) for layer in seen] == [
        *([["pad"]], [["max-pool"]], [["average-pool"]], [["upsample"]]),
        *([["pixel-shuffle"]], [["global-pool"]]),
    ]
    windows = [layer.paths[0][0] for layer in seen]
    assert windows[0] == Window(
        WindowKind.PAD, before=(1, 0), after=(2, 3), positions=(9, 12), padding="reflect"
    )
    assert (windows[1].before, windows[1].after) == ((0, 1), (1, 1))
    assert (windows[2].kernel, windows[2].stride) == ((2, 3), (2, 3))
    assert (windows[3].kernel, windows[3].stride) == ((1, 1), (2, 1))
    assert windows[4].stride == (2, 2)


class Attending(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2D(4, 1, name="conv")
        self.attention = layers.MultiHeadAttention(2, 2, name="attention")
        self.last = layers.Conv2D(4, 1, name="last")

    def call(self, x: Any) -> Any:
        x = self.conv(x)
        return self.last(self.attention(x, x))


def test_what_is_not_known_is_not_made_up() -> None:
    model = Attending()
    images = np.random.default_rng(0).normal(size=(2, 4, 5, 2)).astype("float32")
    model(images)
    last = KerasModel(model).look(images, None, lambda glimpse: None).layers[-1]
    for path in last.paths:
        assert WindowKind.OTHER in [window.kind for window in path]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's own functions")
def test_functions_of_tensorflow() -> None:
    import tensorflow as tf

    class Net(Functions):
        def call(self, x: Any) -> Any:
            x = self.convs[0](tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]]))
            x = self.convs[1](tf.nn.max_pool2d(x, 2, 2, "VALID"))
            x = self.convs[2](tf.nn.avg_pool2d(x, [1, 2, 3, 1], [1, 2, 3, 1], padding="SAME"))
            x = self.convs[3](tf.image.resize(x, (6, 6)))
            return self.head(tf.reshape(x, (tf.shape(x)[0], -1)))

    model = Net()
    images = np.ones((2, 9, 12, 2), "float32")
    model(images)
    seen = KerasModel(model).look(images, None, lambda glimpse: None).layers
    assert [kinds(layer) for layer in seen] == [
        *([["pad"]], [["max-pool"]], [["average-pool"]], [["upsample"]], [["flatten"]])
    ]
    assert seen[2].paths[0][0].kernel == (2, 3)
