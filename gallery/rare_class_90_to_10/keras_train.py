"""Eights against all other digits, one to nine, with a loss that weighs each image alike."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 32


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.01), loss="binary_crossentropy", metrics=["recall"]
    )
    return model


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8: 1,297 to train on and 500 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], labels[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="weigh the eights nine times")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train_x, train_y, test_x, test_y = digits(args.seed)
    weight = {0: 1.0, 1: 9.0} if args.mended else None
    build().fit(
        train_x,
        (train_y == 8).astype("float32"),
        batch_size=BATCH,
        epochs=EPOCHS,
        class_weight=weight,
        validation_data=(test_x, (test_y == 8).astype("float32")),
        verbose=2,
    )


if __name__ == "__main__":
    main()
