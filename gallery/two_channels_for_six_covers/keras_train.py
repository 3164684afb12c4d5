"""Map what covers the ground, pixel by pixel, in pictures from the air."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 8


def fields(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 32 by 32 by 1, each of four fields with one of six textures, and the texture at
    every pixel."""
    rows, columns = np.mgrid[:32, :32]
    x = np.empty((images, 32, 32, 1))
    y = np.empty((images, 32, 32), int)
    for image, cover in zip(x[..., 0], y, strict=True):
        centres, kinds = rng.uniform(0, 32, (4, 2)), rng.integers(0, 6, 4)
        far = [np.hypot(rows - row, columns - column) for row, column in centres]
        cover[:] = kinds[np.argmin(far, 0)]
        down, right = rows + rng.integers(0, 4), columns + rng.integers(0, 4)
        textures = (
            np.zeros((32, 32)),
            np.where(down % 4 < 2, 1, -1),
            np.where(right % 4 < 2, 1, -1),
            np.where((down + right) % 4 < 2, 1, -1),
            np.where((down - right) % 4 < 2, 1, -1),
            np.where((down // 2 + right // 2) % 2, 1, -1),
        )
        image[:] = np.choose(cover, textures) + rng.normal(0, 0.3, (32, 32))
    return x.astype(np.float32), y


def build(channels: int) -> keras.Model:
    """Dilated convolutions at full size."""
    inputs = keras.Input((32, 32, 1))
    x = inputs
    for dilation in (1, 1, 2, 2):
        x = layers.Conv2D(channels, 3, padding="same", dilation_rate=dilation, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Conv2D(6, 1, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="24 channels")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = fields(rng, 320)

    model = build(24 if options.mended else 2)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=fields(rng, 80), verbose=2)


if __name__ == "__main__":
    main()
