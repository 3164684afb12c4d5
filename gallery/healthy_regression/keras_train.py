"""Tell where a disc is and how large."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 10
BATCH = 50


def discs(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """One disc each, 32 by 32, with its row, column and radius, from 0 to 1."""
    rows, columns = np.mgrid[:32, :32]
    place = rng.uniform(8, 24, (images, 2, 1, 1))
    radius = rng.uniform(2, 7, (images, 1, 1))
    far = np.hypot(rows - place[:, 0], columns - place[:, 1])
    x = 1 / (1 + np.exp(2 * (far - radius))) + rng.normal(0, 0.15, (images, 32, 32))
    y = np.concatenate([(place[:, :, 0, 0] - 8) / 16, (radius[:, :, 0] - 2) / 5], axis=1)
    return x[..., None].astype("float32"), y.astype("float32")


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((32, 32, 1))])
    for channels in (12, 24, 24):
        model.add(layers.Conv2D(channels, 3, strides=2, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.Activation("relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(3))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x, y = discs(np.random.default_rng(seed), 1700)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss=keras.losses.Huber(), metrics=["mse"])
    model.fit(
        x[:1400],
        y[:1400],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x[1400:], y[1400:]),
        verbose=2,
    )
    error = model.evaluate(x[1400:], y[1400:], verbose=0)[1]
    print(f"test error {error / y.var(axis=0).mean():.3f}")


if __name__ == "__main__":
    main()
