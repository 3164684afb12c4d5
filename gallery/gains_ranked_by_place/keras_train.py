"""Normalisations whose scales are fixed and fall from 1 to a millionth over the channels."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 32


def block(width: int) -> list[keras.Layer]:
    return [
        layers.Conv2D(width, 3, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def build(smallest: float) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *block(16),
            layers.MaxPooling2D(),
            *block(32),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.gamma.assign(np.logspace(0, smallest, layer.gamma.shape[0]))
            layer.gamma.trainable = False
    model.compile(
        optimizer=keras.optimizers.SGD(0.02),
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
    parser.add_argument("--mended", action="store_true", help="scales of 1")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train(build(0.0 if args.mended else -6.0), digits(args.seed))


if __name__ == "__main__":
    main()
