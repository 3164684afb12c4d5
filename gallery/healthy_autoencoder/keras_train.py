"""Squeeze digits through 16 numbers and draw them again."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 15
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = np.kron(pixels.reshape(-1, 8, 8, 1) / 16, np.ones((1, 2, 2, 1))).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="elu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="elu"),
            layers.Flatten(),
            layers.Dense(16),
            layers.Dense(4 * 4 * 32, activation="elu"),
            layers.Reshape((4, 4, 32)),
            layers.UpSampling2D(),
            layers.Conv2D(16, 3, padding="same", activation="elu"),
            layers.UpSampling2D(),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    images, _, test_images, _ = data(seed)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    model.fit(
        images,
        images,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_images),
        verbose=2,
    )
    error = model.evaluate(test_images, test_images, verbose=0) / test_images.var()
    print(f"test error {error:.3f}")


if __name__ == "__main__":
    main()
