"""Enlarge pictures of clouds four times."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from scipy.ndimage import gaussian_filter

EPOCHS = 8
BATCH = 16


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Smooth clouds, averaged down to 8 by 8 and as they were, 32 by 32: 400 and 80 to test on."""
    noise = np.random.default_rng(seed).normal(size=(480, 32, 32))
    clouds = gaussian_filter(noise, (0, 4, 4), mode="wrap")
    clouds = (clouds / clouds.std())[..., None].astype("float32")
    coarse = clouds.reshape(480, 8, 4, 8, 4, 1).mean((2, 4))
    return coarse[:400], clouds[:400], coarse[400:], clouds[400:]


def build(mended: bool) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="gelu")(inputs)
    x = layers.Conv2D(16, 3, padding="same", activation="gelu")(x)
    if mended:
        x = layers.UpSampling2D(4, interpolation="bilinear")(x)
        x = layers.Conv2D(1, 5, padding="same")(x)
    else:
        x = layers.Conv2DTranspose(1, 3, strides=4, padding="same")(x)
    return keras.Model(inputs, x)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="bilinear enlargement and a convolution"
    )
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
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
