"""Small networks and data that every test trains on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers


def images(count: int = 96, size: int = 8, classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Images with a bright spot whose place says the class."""
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, count)
    x = random.normal(size=(count, size, size, 2)).astype("float32")
    for image, label in zip(x, y, strict=True):
        image[label * 2 : label * 2 + 2] += 2.0
    return x, y


def stack(*, built: bool = True) -> list[Any]:
    first = [keras.Input((8, 8, 2))] if built else []
    return [
        *first,
        layers.Conv2D(4, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(6, 3, activation="relu"),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(8, activation="tanh"),
        layers.Dropout(0.2),
        layers.Dense(3, activation="softmax"),
    ]


def sequential() -> Any:
    return keras.Sequential(stack())


def unbuilt() -> Any:
    return keras.Sequential(stack(built=False))


def functional() -> Any:
    """Two convolutions around a skip connection."""
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    x = stem = layers.Activation("relu", name="stem_relu")(x)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="branch")(x)
    x = layers.BatchNormalization(name="branch_norm")(x)
    x = layers.Add(name="sum")([x, stem])
    x = layers.ReLU(name="sum_relu")(x)
    x = layers.Dropout(0.3)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x))


@keras.saving.register_keras_serializable(package="tests")
class Block(layers.Layer):
    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(channels, 3, padding="same", name="conv")
        self.norm = layers.BatchNormalization(name="norm")

    def call(self, x: Any, training: bool = False) -> Any:
        return keras.ops.relu(self.norm(self.conv(x), training=training))


@keras.saving.register_keras_serializable(package="tests")
class Net(keras.Model):
    """Subclassed, with layers inside a layer and activations that are functions."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Block(4, name="first")
        self.second = Block(4, name="second")
        self.drop = layers.Dropout(0.3)
        self.flat = layers.Flatten()
        self.hidden = layers.Dense(8, name="hidden")
        self.head = layers.Dense(3, name="head")

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.first(x, training=training)
        x = self.second(x, training=training) + x
        x = self.flat(self.drop(x, training=training))
        return self.head(keras.activations.sigmoid(self.hidden(x)))


def subclassed() -> Any:
    return Net()
