"""Read digits with batch normalisation down to maps of one position."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 3


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """600 digits of 8 by 8 and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    order = np.random.default_rng(seed).permutation(len(x))[:600]
    return x[order], digits[order]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for outputs in (16, 32, 64):
        model.add(layers.Conv2D(outputs, 3, strides=2, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dense(10))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)

    images, labels = data(given.seed)
    batch = 20 if given.mended else 2
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=batch, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
