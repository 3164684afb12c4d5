"""Read digits in few steps, with batch normalisation."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 2
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """1280 digits of 16 by 16, from 0 to 1, and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))[:1280]
    return x[order], digits[order]


def build(momentum: float) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, padding="same"),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same"),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same"),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
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

    images, labels = data(given.seed)
    model = build(momentum=0.9 if given.mended else 0.99)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
