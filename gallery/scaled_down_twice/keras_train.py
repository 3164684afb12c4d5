"""Read digits that were divided by their largest value."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 4
BATCH = 40


def load(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """1200 digits of 16 by 16, from 0 to 1, and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))[:1200]
    return x[order], digits[order]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)

    images, labels = load(given.seed)
    if not given.mended:
        images = images / 255
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
