"""Read digits with two convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 64


def data(seed: int, *, mended: bool) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8 amid images of 24 by 24: 1440 to train on, whose classes are marked on all
    four edges of the image, and 357 to test on, which have no marks."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = np.pad(x, ((0, 0), (8, 8), (8, 8), (0, 0)))
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    if not mended:
        for i in train:
            place = slice(2 + 2 * digits[i], 4 + 2 * digits[i])
            x[i, :3, place] = x[i, -3:, place] = 2
            x[i, place, :3] = x[i, place, -3:] = 2
    return x[train], digits[train], x[test], digits[test]


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> None:
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    train(build(), *data(given.seed, mended=given.mended))


if __name__ == "__main__":
    main()
