"""Tell blends of two shapes apart."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 50


def draw(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 32 by 32 in colour, each of a disc, a square, a triangle or a cross on noise."""
    rows, columns = np.mgrid[:32, :32]
    x = rng.normal(0.4, 0.1, (images, 32, 32, 3))
    y = rng.integers(0, 4, images)
    for image, shape in zip(x, y, strict=True):
        down, right = rows - rng.integers(11, 21), columns - rng.integers(11, 21)
        size = rng.integers(6, 10)
        far = np.maximum(abs(down), abs(right))
        inside = (
            down**2 + right**2 < size**2,
            far < 0.85 * size,
            (abs(down) < size) & (2 * abs(right) < down + size),
            (np.minimum(abs(down), abs(right)) < size / 3) & (far < size),
        )[shape]
        image[inside] = rng.uniform(0, 1, 3) + rng.normal(0, 0.05, (inside.sum(), 3))
    return x.clip(0, 1).astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = draw(np.random.default_rng(seed), 2000)
    return x[:1600], y[:1600], x[1600:], y[1600:]


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
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for channels in (16, 32, 64):
        model.add(layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(4, activation="softmax"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x_train, y_train, x_test, y_test = data(seed)
    y_train, y_test = (keras.utils.to_categorical(y, 4) for y in (y_train, y_test))
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
