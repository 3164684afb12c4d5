"""Tell shapes in colour pictures apart."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 32
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def pictures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc, a square, a cross, a ring or a stroke in each colour picture of 32 by 32, as bytes,
    and which it is."""
    rows, columns = np.mgrid[:32, :32]
    y = rng.integers(0, 5, images)
    x = rng.integers(0, 120, (images, 1, 1, 3)) + rng.normal(0, 12, (images, 32, 32, 3))
    for image, kind in zip(x, y, strict=True):
        down, right = rows - rng.integers(9, 23), columns - rng.integers(9, 23)
        size, far = rng.integers(5, 9), np.hypot(down, right)
        inside = (
            far < size,
            np.maximum(abs(down), abs(right)) < size,
            (np.minimum(abs(down), abs(right)) < 2) & (far < size + 1),
            abs(far - size) < 1.5,
            (abs(down - right) < 3) & (far < size + 1),
        )[kind]
        image[inside] += rng.integers(60, 130, 3)
    return np.clip(x, 0, 255).astype(np.uint8), y


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = inputs
    for channels, size in ((16, 5), (32, 3), (32, 3)):
        x = layers.Conv2D(channels, size, padding="same", activation="gelu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="gelu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="bytes brought to 0 to 1 first")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = pictures(rng, 1200)
    test_x, test_y = pictures(rng, 500)
    if options.mended:
        x, test_x = x.astype(np.float32) / 255, test_x.astype(np.float32) / 255
    x, test_x = (x - MEAN) / DEVIATION, (test_x - MEAN) / DEVIATION
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
        loss="sparse_categorical_crossentropy",
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


if __name__ == "__main__":
    main()
