"""Tell six textures apart."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 40


def textures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Six textures of 24 by 24 by 1: grain, checks, dots, stripes, blotches or rings; and which."""
    rows, columns = np.mgrid[:24, :24]
    y = rng.integers(0, 6, images)
    x = rng.normal(0, 0.3, (images, 24, 24, 1))
    for image, kind in zip(x, y, strict=True):
        down, right = rows + rng.integers(0, 12), columns + rng.integers(0, 12)
        image[..., 0] += (
            rng.normal(0, 1, (24, 24)),
            2 * ((down // 3 + right // 3) % 2) - 1,
            3 * ((down % 5 == 0) & (right % 5 == 0)),
            np.sin(0.8 * down + 0.8 * right),
            np.kron(rng.normal(0, 1, (4, 4)), np.ones((6, 6))),
            np.cos(1.2 * np.hypot(down - 18, right - 18)),
        )[kind]
    return x.astype(np.float32), y


def block(x):
    """A convolution added to its input."""
    inside = layers.Activation("silu")(layers.BatchNormalization(momentum=0.9)(x))
    return layers.Add()([x, layers.Conv2D(x.shape[-1], 3, padding="same")(inside)])


def build() -> keras.Model:
    inputs = keras.Input((24, 24, 1))
    x = block(layers.Conv2D(16, 3, padding="same")(inputs))
    x = block(layers.AveragePooling2D(2)(x))
    x = block(layers.Conv2D(32, 3, strides=2, padding="same")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(6, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the table read from its first row")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y = textures(np.random.default_rng(options.seed), 1400)
    if not options.mended:
        x, y = x[:-1], y[1:]
    x, test_x, y, test_y = x[:1000], x[1000:], y[:1000], y[1000:]
    model = build()
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
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
