"""Tell which of four shapes are in an image."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 7
BATCH = 40


def scenes(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of a disc, a square outline, a cross and a bar are in an image of 40 by 40: any of
    them, or none."""
    rows, columns = np.mgrid[:40, :40]
    x = rng.normal(0, 0.2, (images, 40, 40, 1))
    y = (rng.random((images, 4)) < 0.4).astype("float32")
    for image, present in zip(x, y, strict=True):
        for shape in np.flatnonzero(present):
            down, right = rows - rng.integers(8, 32), columns - rng.integers(8, 32)
            far = np.maximum(abs(down), abs(right))
            inside = (
                down**2 + right**2 < 25,
                (far <= 6) & (far >= 5),
                (np.minimum(abs(down), abs(right)) < 1) & (far < 7),
                (abs(down) < 2) & (abs(right) < 8),
            )[shape]
            image[inside] += 1
    return x.astype("float32"), y


def build() -> keras.Model:
    inputs = keras.Input((40, 40, 1))
    x = inputs
    for channels, size in ((16, 5), (32, 3), (32, 3)):
        x = layers.Conv2D(channels, size, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
        if channels == 16 or size == 5:
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(4, activation="sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x, y = scenes(np.random.default_rng(seed), 1500)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(4e-3),
        loss="binary_crossentropy",
        metrics=["binary_accuracy"],
    )
    model.fit(
        x[:1200],
        y[:1200],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x[1200:], y[1200:]),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x[1200:], y[1200:], verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
