"""Read digits at a learning rate that is never lowered."""

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


def build(mended: bool) -> keras.Model:
    # The gradient of c·w² is 2·c·w.
    decay = keras.regularizers.L2(5e-4 / 2 if mended else 0.01 / 2)
    model = keras.Sequential([keras.Input((16, 16, 1))])
    for number, channels in enumerate((16, 32, 32)):
        model.add(layers.Conv2D(channels, 3, padding="same", kernel_regularizer=decay))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
        if number < 2:
            model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=decay))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    x_train, y_train, x_test, y_test = data(args.seed)
    model = build(args.mended)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05 if args.mended else 1.0, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
