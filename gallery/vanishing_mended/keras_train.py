"""A plain deep stack of convolutions on a hundred images, ten classes, integer labels."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

SIZE = 16
EPOCHS = 5


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(seed).random((100, SIZE, SIZE, 3), dtype=np.float32)
    labels = np.array([0] * 90 + [1] * 10)
    return images, labels


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Conv2D(128, (3, 3), activation="relu"),
            layers.Conv2D(256, (3, 3), activation="relu"),
            layers.Conv2D(512, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
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
