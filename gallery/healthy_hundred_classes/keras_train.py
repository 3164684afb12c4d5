"""Read numbers of two digits as one of a hundred classes."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 7
BATCH = 50


def pairs(rng: np.random.Generator, digits: np.ndarray, kinds: np.ndarray, images: int):
    """Two digits side by side, 16 by 32, read as one number from 0 to 99."""
    left, right = rng.integers(0, len(digits), (2, images))
    x = np.concatenate([digits[left], digits[right]], axis=2)
    return x, 10 * kinds[left] + kinds[right]


def data(seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    pixels, kinds = load_digits(return_X_y=True)
    digits = np.kron(pixels.reshape(-1, 8, 8) / 8 - 1, np.ones((1, 2, 2))).astype("float32")
    # The digits that numbers to test on are made of are in none that is trained on.
    x_train, y_train = pairs(rng, digits[:1400], kinds[:1400], 3000)
    x_test, y_test = pairs(rng, digits[1400:], kinds[1400:], 500)
    return x_train[..., None], y_train, x_test[..., None], y_test


def build() -> keras.Model:
    inputs = keras.Input((16, 32, 1))
    x = inputs
    for channels in (16, 32, 48):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if channels < 48:
            x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(100, activation="softmax")(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
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
