"""Take the grain out of pieces of photographs."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_sample_images

EPOCHS = 14
BATCH = 20
GRAIN = 0.15


def pieces(rng: np.random.Generator, count: int, *, left: bool) -> np.ndarray:
    """Pieces of 24 by 24 by 3 of two photographs, from the left two thirds or from the rest."""
    photos = load_sample_images().images
    x = np.empty((count, 24, 24, 3), np.float32)
    for piece in x:
        row = rng.integers(0, 390)
        column = rng.integers(0, 395) if left else rng.integers(430, 608)
        piece[:] = photos[rng.integers(2)][row : row + 24, column : column + 24] / 255
    return x


def with_grain(clean):
    return clean + tf.random.normal(tf.shape(clean), stddev=GRAIN), clean


def conv(x, channels: int, stride: int = 1):
    x = layers.Conv2D(channels, 3, strides=stride, padding="same")(x)
    return layers.LeakyReLU(0.1)(x)


def build() -> keras.Model:
    """An auto-encoder with skips that says what is grain."""
    inputs = keras.Input((24, 24, 3))
    fine = conv(inputs, 16)
    half = conv(fine, 24, 2)
    low = conv(half, 32, 2)
    low = layers.Add()([low, conv(low, 32)])
    half = layers.Add()([half, conv(layers.UpSampling2D()(low), 24)])
    fine = layers.Add()([fine, conv(layers.UpSampling2D()(half), 16)])
    grain = layers.Conv2D(3, 3, padding="same")(fine)
    return keras.Model(inputs, layers.Subtract()([inputs, grain]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, test_x = pieces(rng, 800, left=True), pieces(rng, 200, left=False)
    test_grainy = test_x + rng.normal(0, GRAIN, test_x.shape).astype(np.float32)
    train = tf.data.Dataset.from_tensor_slices(x).shuffle(len(x)).batch(BATCH).map(with_grain)

    model = build()
    # Two epochs, then four, then eight.
    rate = keras.optimizers.schedules.CosineDecayRestarts(2e-3, 2 * len(x) // BATCH, t_mul=2.0)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    model.fit(train, epochs=EPOCHS, validation_data=(test_grainy, test_x), verbose=2)


if __name__ == "__main__":
    main()
