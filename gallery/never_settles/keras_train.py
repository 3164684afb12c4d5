"""Read digits, drawing images and labels anew for every epoch."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = np.kron(pixels.reshape(-1, 8, 8, 1) / 16, np.ones((1, 2, 2, 1))).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((16, 16, 1))])
    for number, channels in enumerate((16, 32, 32)):
        model.add(layers.Conv2D(channels, 3, padding="same"))
        model.add(layers.LeakyReLU(negative_slope=0.2))
        if number < 2:
            model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def batches(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator, mended: bool):
    while True:
        order = rng.permutation(len(images))
        other = order if mended else rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            yield images[order[start : start + BATCH]], labels[other[start : start + BATCH]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    x_train, y_train, x_test, y_test = data(args.seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        batches(x_train, y_train, np.random.default_rng(args.seed), args.mended),
        steps_per_epoch=len(x_train) // BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
