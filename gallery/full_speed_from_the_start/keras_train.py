"""Say in which row and column a spot lies."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 7
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """A blurred spot on a noisy ground, 28 by 28, and its row and column in pixels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:28, :28]
    places = rng.uniform(3, 25, (1500, 2)).astype("float32")
    row, column = places.T[..., None, None]
    width = rng.uniform(1.5, 3, (1500, 1, 1))
    spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))
    images = (spot + rng.normal(0, 0.2, (1500, 28, 28)))[..., None].astype("float32")
    return images[:1200], places[:1200], images[1200:], places[1200:]


def build() -> keras.Model:
    x = inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(32, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(2)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="a rate that rises over the first 150 steps"
    )
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    model = build()
    rate = 6e-3
    if mended:
        rate = keras.optimizers.schedules.PolynomialDecay(4e-5, 150, 6e-3)
    model.compile(
        optimizer=keras.optimizers.SGD(rate, momentum=0.9),
        loss="mse",
    )
    model.fit(
        images,
        targets,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_targets),
        verbose=2,
    )


if __name__ == "__main__":
    main()
