"""Sixteen layers of tanh whose weights start at a third of the right size."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 5
BATCH = 64
DEPTH = 16


def build(gain: float) -> keras.Model:
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for depth in range(DEPTH):
        model.add(
            layers.Conv2D(
                8,
                3,
                padding="same",
                activation="tanh",
                kernel_initializer=keras.initializers.VarianceScaling(gain**2, "fan_avg"),
                bias_initializer=keras.initializers.RandomNormal(stddev=0.3, seed=depth),
            )
        )
    model.add(layers.AveragePooling2D(4))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
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
    parser.add_argument("--mended", action="store_true", help="weights of the size that tanh needs")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train(build(5 / 3 if args.mended else 0.5), digits(args.seed))


if __name__ == "__main__":
    main()
