"""Read digits that lie anywhere in a noisy picture."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 12
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """600 pictures of 28 by 28: ones, twos and zeros of 8 by 8, anywhere in noise."""
    rng = np.random.default_rng(seed)
    pixels, digits = load_digits(n_class=3, return_X_y=True)
    chosen = rng.integers(0, len(digits), 600)
    images = rng.uniform(0, 0.2, (600, 28, 28, 1))
    for image, one in zip(images, pixels[chosen], strict=True):
        row, column = rng.integers(0, 21, 2)
        image[row : row + 8, column : column + 8, 0] += one.reshape(8, 8) / 16
    return images.astype("float32"), digits[chosen]


def build(pool: layers.Layer) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            pool,
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)

    images, labels = data(given.seed)
    # The size that maps had when the pictures were smaller.
    model = build(layers.GlobalMaxPooling2D() if given.mended else layers.MaxPooling2D(8))
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
