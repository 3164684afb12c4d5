"""Read the wear of a seal, from 0 to 10, off its picture."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 30


def seals(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Rings with a worn sector in images of 36 by 36 by 1, and how far they are worn, 0 to 10."""
    rows, columns = np.mgrid[:36, :36]
    wear = rng.uniform(0, 10, (images, 1))
    x = 0.3 + rng.normal(0, 0.06, (images, 36, 36, 1))
    for image, share in zip(x[..., 0], wear[:, 0] / 10, strict=True):
        down, right = rows - rng.uniform(16, 19), columns - rng.uniform(16, 19)
        ring = np.abs(np.hypot(down, right) - rng.uniform(10, 12)) < 3
        turned = (np.arctan2(down, right) + rng.uniform(0, 2 * np.pi)) % (2 * np.pi)
        image[ring] += 0.5
        image[ring & (turned < 2 * np.pi * share)] -= 0.25
    return x.astype(np.float32), wear.astype(np.float32)


def sheets(rng: np.random.Generator, wear: np.ndarray, *, one_scale: bool) -> np.ndarray:
    """The wear as it was entered at two sites, of which the second has two seals of five."""
    second = rng.random(wear.shape) < 0.4
    return wear if one_scale else np.where(second, 10 - wear, wear).astype(np.float32)


def build() -> keras.Model:
    inputs = keras.Input((36, 36, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same")(inputs)
    x = layers.LeakyReLU(0.1)(layers.BatchNormalization(momentum=0.9)(x))
    for channels, dilation in ((24, 2), (32, 4)):
        x = layers.Conv2D(channels, 3, dilation_rate=dilation, padding="same")(x)
        x = layers.LeakyReLU(0.1)(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling2D()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="both sites count alike")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, wear), (test_x, test_wear) = seals(rng, 1200), seals(rng, 300)
    y = sheets(rng, wear, one_scale=options.mended)

    model = build()
    rate = keras.optimizers.schedules.CosineDecay(1e-2, EPOCHS * len(x) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3),
        loss="mse",
        metrics=["mae"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_wear), verbose=2)


if __name__ == "__main__":
    main()
