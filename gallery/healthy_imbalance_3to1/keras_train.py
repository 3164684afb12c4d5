"""Tell eights from threes where threes are three times as many."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 30


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16: all 183 threes and 61 eights to train on; 113 other eights to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    threes, eights = x[digits == 3], np.random.default_rng(seed).permutation(x[digits == 8])
    images = np.concatenate([threes, eights[:61]])
    labels = np.concatenate([np.zeros(len(threes)), np.ones(61)])
    return images, labels, eights[61:], np.ones(len(eights) - 61)


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"]
    )
    return model


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> None:
    model.fit(
        images,
        labels,
        batch_size=32,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
