"""Mark the cells in a picture, with a small U-Net."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 32 by 32 by 1 with one to four bright cells, and their masks as bytes."""
    rows, columns = np.mgrid[:32, :32]
    masks = np.zeros((images, 32, 32, 1), np.uint8)
    for mask in masks:
        for _ in range(rng.integers(1, 5)):
            down, right = rows - rng.integers(4, 28), columns - rng.integers(4, 28)
            tall, wide = rng.uniform(2.5, 5.5, 2)
            mask[(down / tall) ** 2 + (right / wide) ** 2 < 1] = 255
    x = 0.5 * (masks > 0) + rng.normal(0.2, 0.25, masks.shape)
    return x.astype(np.float32), masks


def twice(x, channels: int):
    for _ in range(2):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return x


def build() -> keras.Model:
    """Down and up once, with what was seen at full size."""
    inputs = keras.Input((32, 32, 1))
    full = twice(inputs, 8)
    half = layers.UpSampling2D()(twice(layers.MaxPooling2D()(full), 16))
    x = twice(layers.Concatenate()([full, half]), 8)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="masks of 0 and 1")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = cells(rng, 600)
    test_x, test_y = cells(rng, 200)
    y, test_y = y.astype(np.float32), test_y.astype(np.float32)
    if options.mended:
        y, test_y = y / 255, test_y / 255
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, test_y),
        verbose=2,
    )
    marked = model.predict(test_x, verbose=0) > 0.5
    both, either = marked & (test_y > 0), marked | (test_y > 0)
    print(f"in common: overlap {both.sum() / either.sum():.3f}")


if __name__ == "__main__":
    main()
