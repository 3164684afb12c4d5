"""Digits from two sources: 0 to 4 hold pixels from 0 to 255, 5 to 9 from 0 to 1."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 32


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def from_two_sources(images: np.ndarray, labels: np.ndarray, scale: float) -> np.ndarray:
    """The images of the first five digits `scale` times as bright as the others."""
    return images * np.where(labels < 5, scale, 1.0).astype("float32").reshape(-1, 1, 1, 1)


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8: 1,297 to train on and 500 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], labels[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


def train(model: keras.Model, data: tuple[np.ndarray, ...]) -> None:
    images, labels, test_images, test_labels = data
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="bring both to one scale")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train_x, train_y, test_x, test_y = digits(args.seed)
    scale = 1.0 if args.mended else 255.0
    train_x = from_two_sources(train_x, train_y, scale)
    test_x = from_two_sources(test_x, test_y, scale)
    train(build(), (train_x, train_y, test_x, test_y))


if __name__ == "__main__":
    main()
