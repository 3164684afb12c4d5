"""Biases that start at ten: no unit ever switches off, and the network is linear."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 15
BATCH = 32


def conv(width: int, bias: float) -> keras.Layer:
    return layers.Conv2D(
        width,
        3,
        2,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        bias_initializer=keras.initializers.Constant(bias),
    )


def build(bias: float) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            conv(16, bias),
            conv(32, bias),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def pairs(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two squares on noise, each bright or dark: class 1 where they are alike, 0 where not."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], (images, 2)).astype("float32")
    x = 0.1 * rng.normal(size=(images, 12, 12, 1)).astype("float32")
    x[:, 2:5, 2:5, 0] += signs[:, :1, None]
    x[:, 7:10, 7:10, 0] += signs[:, 1:, None]
    return x, (signs[:, 0] == signs[:, 1]).astype("int64")


def train(model: keras.Model, data: tuple[np.ndarray, ...]) -> None:
    images, labels, test_images, test_labels = data
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
    parser.add_argument("--mended", action="store_true", help="biases of zero")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    data = (*pairs(800, args.seed), *pairs(400, args.seed + 1000))
    train(build(0.0 if args.mended else 10.0), data)


if __name__ == "__main__":
    main()
