"""Read noisy digits from a first sample of them."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 30
BATCH = 32


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1297 to train on, the others to test on."""
    pixels, labels = load_digits(return_X_y=True)
    images = np.kron(pixels.reshape(-1, 8, 8) / 16, np.ones((2, 2))).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(images))
    train, test = order[:1297], order[1297:]
    return images[train, ..., None], labels[train], images[test, ..., None], labels[test]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="all 1297 training images")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = digits(seed)
    draw = np.random.default_rng(seed)
    images = images + draw.normal(0, 0.5, images.shape).astype(np.float32)
    test_images = test_images + draw.normal(0, 0.5, test_images.shape).astype(np.float32)
    if not mended:
        images, labels = images[:100], labels[:100]
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=8 if mended else EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


if __name__ == "__main__":
    main()
