"""Squeeze digits through few channels and draw them again with transposed convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

EPOCHS = 3
BATCH = 64


def data(seed: int) -> np.ndarray:
    """1200 digits of 32 by 32, smoothly enlarged."""
    pixels = load_digits().images / 16
    chosen = np.random.default_rng(seed).permutation(len(pixels))[:1200]
    return zoom(pixels[chosen], (1, 4, 4), order=1).astype("float32")[..., None]


def grown(outputs: int, activation: str, mended: bool) -> list[layers.Layer]:
    """Maps of twice the size."""
    if mended:
        return [
            layers.UpSampling2D(2),
            layers.Conv2D(outputs, 3, padding="same", activation=activation),
        ]
    return [layers.Conv2DTranspose(outputs, 3, strides=2, padding="same", activation=activation)]


def build(mended: bool) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            *grown(16, "relu", mended),
            *grown(1, "sigmoid", mended),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)

    images = data(given.seed)
    model = build(given.mended)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    model.fit(images, images, batch_size=BATCH, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
