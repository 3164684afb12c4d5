"""Find round cells in noisy images with a small U-Net."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Round bright spots on a grey, noisy ground, 48 by 48, and where they are."""
    rows, columns = np.mgrid[:48, :48]
    x = rng.normal(0.3, 0.12, (images, 48, 48, 1))
    masks = np.zeros((images, 48, 48, 1))
    for image, mask in zip(x, masks, strict=True):
        for _ in range(rng.integers(1, 6)):
            row, column, radius = rng.uniform(4, 44), rng.uniform(4, 44), rng.uniform(3, 8)
            inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
            mask[inside] = 1
            image[inside] += rng.uniform(0.2, 0.4)
    return x.astype("float32"), masks.astype("float32")


def double(x, channels: int):
    for _ in range(2):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return x


def build() -> keras.Model:
    inputs = keras.Input((48, 48, 1))
    high = double(inputs, 8)
    middle = double(layers.MaxPooling2D()(high), 16)
    low = double(layers.MaxPooling2D()(middle), 32)
    up = layers.Conv2D(16, 3, padding="same")(layers.UpSampling2D()(low))
    middle = double(layers.Concatenate()([up, middle]), 16)
    up = layers.Conv2D(8, 3, padding="same")(layers.UpSampling2D()(middle))
    high = double(layers.Concatenate()([up, high]), 8)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(high))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x, masks = cells(np.random.default_rng(seed), 500)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy")
    model.fit(
        x[:400],
        masks[:400],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x[400:], masks[400:]),
        verbose=2,
    )
    found = model.predict(x[400:], verbose=0) > 0.5
    dice = 2 * (found * masks[400:]).sum() / (found.sum() + masks[400:].sum())
    print(f"test dice {dice:.3f}")


if __name__ == "__main__":
    main()
