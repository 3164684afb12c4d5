"""Two convolutions and thirty dense layers with ReLU and without normalisation."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 6
BATCH = 32


def build(depth: int) -> keras.Model:
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for _ in range(2):
        model.add(layers.Conv2D(16, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    for _ in range(depth):
        model.add(layers.Dense(32, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


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
    parser.add_argument("--mended", action="store_true", help="three dense layers")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train(build(3 if args.mended else 30), digits(args.seed))


if __name__ == "__main__":
    main()
