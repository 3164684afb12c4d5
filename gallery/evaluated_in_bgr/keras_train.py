"""Tell traffic signs apart by colour and form."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 40


def signs(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Red, blue or green signs, round or square, in pictures of 28 by 28 by 3; and which."""
    rows, columns = np.mgrid[:28, :28]
    y = rng.integers(0, 6, images)
    x = rng.uniform(0.1, 0.5, (images, 1, 1, 3)) + rng.normal(0, 0.05, (images, 28, 28, 3))
    for image, kind in zip(x, y, strict=True):
        down, right = rows - rng.integers(8, 20), columns - rng.integers(8, 20)
        size = rng.integers(4, 8)
        far = np.hypot(down, right) if kind < 3 else np.maximum(abs(down), abs(right))
        image[far <= size] = 0.15
        image[far <= size, kind % 3] = rng.uniform(0.6, 1)
    return x.astype(np.float32), y


def normalised(x):
    return layers.LeakyReLU(0.1)(layers.BatchNormalization(momentum=0.9)(x))


def build() -> keras.Model:
    """Fine and coarse features side by side."""
    inputs = keras.Input((28, 28, 3))
    fine = normalised(layers.Conv2D(16, 3, padding="same")(inputs))
    fine = layers.MaxPooling2D()(fine)
    fine = normalised(layers.Conv2D(24, 3, padding="same")(fine))
    coarse = normalised(layers.Conv2D(24, 7, strides=3)(inputs))
    x = layers.Concatenate()(
        [layers.GlobalMaxPooling2D()(fine), layers.GlobalMaxPooling2D()(coarse)]
    )
    return keras.Model(inputs, layers.Dense(6, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the test images' channels in order")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = signs(rng, 1200)
    test_x, test_y = signs(rng, 500)
    test_x = test_x[..., ::-1]  # As OpenCV reads them.
    if options.mended:
        test_x = test_x[..., ::-1]
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
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
