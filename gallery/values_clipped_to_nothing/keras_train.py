"""Read scanned digits with a network after LeNet."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 12
BATCH = 20


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8 enlarged to 16 by 16: 1,400 to train on, and 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    x = pixels[order].reshape(-1, 8, 8, 1).repeat(2, 1).repeat(2, 2) / 8 - 1
    x, y = x.astype(np.float32), labels[order]
    return x[:1400], y[:1400], x[1400:], y[1400:]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="gradients clipped at 0.5")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(options.seed)

    model = build()
    limit = 0.5 if options.mended else 1e-5
    model.compile(
        optimizer=keras.optimizers.SGD(0.03, momentum=0.9, clipvalue=limit),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_y), verbose=2)


if __name__ == "__main__":
    main()
