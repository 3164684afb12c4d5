"""Eighteen convolutions as PyTorch begins them: the image is lost on the way."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 32


def build(*, mended: bool) -> keras.Model:
    # Without the fix, what PyTorch begins a convolution with.
    kernel = (
        "he_normal" if mended else keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    )
    bias = "zeros" if mended else keras.initializers.RandomUniform(-0.08, 0.08)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for depth in range(18):
        model.add(
            layers.Conv2D(
                16,
                3,
                padding="same",
                activation="relu",
                kernel_initializer=kernel,
                bias_initializer=bias,
            )
        )
        if depth == 1:
            model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(5e-4),
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
    parser.add_argument("--mended", action="store_true", help="He initialisation")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train(build(mended=args.mended), digits(args.seed))


if __name__ == "__main__":
    main()
