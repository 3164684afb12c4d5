"""Tell coloured shapes apart with GELU and group normalisation."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 25


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Coloured discs, squares, crosses and rings, 24 by 24: 1000 to train on, 300 to test on."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:24, :24]
    images = rng.normal(0.3, 0.1, (1300, 24, 24, 3))
    labels = rng.integers(4, size=1300)
    for image, label in zip(images, labels, strict=True):
        (row, column), radius = rng.uniform(8, 16, 2), rng.uniform(4, 7)
        down, across = np.abs(rows - row), np.abs(columns - column)
        far, near, away = np.maximum(down, across), np.minimum(down, across), np.hypot(down, across)
        disc, square = away < radius, far < 0.85 * radius
        cross, ring = (far < radius) & (near < 0.35 * radius), disc & (away > 0.55 * radius)
        image[(disc, square, cross, ring)[label]] += rng.uniform(0.2, 0.7, 3)
    images = images.astype("float32")
    return images[:1000], labels[:1000], images[1000:], labels[1000:]


def build() -> keras.Model:
    x = inputs = keras.Input((24, 24, 3))
    for channels in (16, 32, 32):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("gelu")(layers.GroupNormalization(4)(x))
        x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="an epsilon of 1e-7")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-7 if mended else 1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


if __name__ == "__main__":
    main()
