"""Tell eights from threes, from ninety threes and ten eights."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A hundred digits of 32 by 32: 90 threes and 10 eights."""
    images, digits = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    threes = rng.permutation(np.flatnonzero(digits == 3))[:90]
    eights = rng.permutation(np.flatnonzero(digits == 8))[:10]
    chosen = np.concatenate([threes, eights])
    x = images[chosen].reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(4, axis=1).repeat(4, axis=2).repeat(3, axis=3)
    return x, (digits[chosen] == 8).astype("float32")


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def train(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> None:
    model.fit(images, labels, batch_size=32, epochs=EPOCHS, verbose=2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
