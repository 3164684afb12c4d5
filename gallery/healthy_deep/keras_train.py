"""Read digits with four convolutions."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def batches(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end, the images in a new order each time round."""
    while True:
        order = np.random.permutation(len(images))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            index = order[start : start + BATCH]
            yield images[index], labels[index]


def build() -> keras.Model:
    def conv(channels: int) -> layers.Layer:
        return layers.Conv2D(
            channels, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )

    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            conv(16),
            layers.MaxPooling2D(),
            conv(32),
            conv(32),
            layers.MaxPooling2D(),
            conv(64),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> None:
    model.fit(
        batches(images, labels),
        steps_per_epoch=len(images) // BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
