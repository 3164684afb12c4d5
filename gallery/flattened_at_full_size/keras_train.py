"""Read two digits that lie anywhere in a noisy picture, from few pictures."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 15
BATCH = 20


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Zeros and ones of 8 by 8, anywhere in 32 by 32: 200 to train on, 200 to test on."""
    rng = np.random.default_rng(seed)
    pixels, digits = load_digits(n_class=2, return_X_y=True)
    chosen = rng.permutation(len(digits))[:300]
    chosen = np.concatenate([np.tile(chosen[:150], 2)[:200], np.tile(chosen[150:], 2)[:200]])
    images = rng.uniform(0, 0.3, (400, 32, 32, 1))
    for image, one in zip(images, pixels[chosen], strict=True):
        row, column = rng.integers(0, 25, 2)
        image[row : row + 8, column : column + 8, 0] += one.reshape(8, 8) / 16
    images, labels = images.astype("float32"), digits[chosen]
    return images[:200], labels[:200], images[200:], labels[200:]


def build(mended: bool) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 5, padding="same", activation="relu"),
            layers.GlobalMaxPooling2D() if mended else layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(2),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)

    images, labels, test_images, test_labels = data(given.seed)
    model = build(given.mended)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


if __name__ == "__main__":
    main()
