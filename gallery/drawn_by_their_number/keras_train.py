"""Name the flaw of a tile: none, a crack, or a blister."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 25
NUMBERS = (1000, 150, 100)


def tiles(rng: np.random.Generator, numbers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """So many tiles without a flaw, with a crack and with a blister, as images of 32 by 32 by 1."""
    rows, columns = np.mgrid[:32, :32]
    y = np.repeat(np.arange(3), numbers)
    x = 0.5 + rng.normal(0, 0.08, (len(y), 32, 32, 1))
    for image, kind in zip(x[..., 0], y, strict=True):
        row, column = rng.uniform(8, 24, 2)
        angle, size = rng.uniform(0, np.pi), rng.uniform(5, 8)
        down, right = rows - row, columns - column
        along = down * np.sin(angle) + right * np.cos(angle)
        across = down * np.cos(angle) - right * np.sin(angle)
        if kind == 1:
            image[(np.abs(along) < size) & (np.abs(across) < 0.8)] -= 0.3
        if kind == 2:
            image[np.abs(np.hypot(down, right) - size / 2) < 0.8] -= 0.3
    return x.astype(np.float32), y


class Drawn(keras.utils.PyDataset):
    """Batches of images drawn at random, some likelier than others."""

    def __init__(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray, seed: int) -> None:
        super().__init__()
        self.x, self.y, self.chances = x, y, weights / weights.sum()
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self.y) // BATCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.rng.choice(len(self.y), BATCH, p=self.chances)
        return self.x[chosen], self.y[chosen]


def unit(x, channels: int):
    y = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    return layers.ReLU()(layers.Add()([y, layers.Conv2D(channels, 1, strides=2)(x)]))


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(12, 5, padding="same", activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(unit(unit(x, 24), 32))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the rarer, the likelier")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = tiles(rng, NUMBERS)
    test = tiles(rng, (100, 100, 100))
    number = np.bincount(y)[y]
    weights = 1 / number if options.mended else number / len(y)

    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batches = Drawn(x, y, weights, options.seed)
    model.fit(batches, epochs=EPOCHS, validation_data=test, verbose=2)


if __name__ == "__main__":
    main()
