"""Tell shapes apart two images at a time."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 2


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
    x, y = draw(np.random.default_rng(seed), 1100)
    return x[:700], y[:700], x[700:], y[700:]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for channels, stride in ((16, 2), (32, 2), (32, 1)):
        model.add(layers.Conv2D(channels, 3, strides=stride, padding="same"))
        model.add(layers.GroupNormalization(4))
        model.add(layers.ReLU())
    model.add(layers.AveragePooling2D(4))
    model.add(layers.Flatten())
    model.add(layers.Dense(4, activation="softmax"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.003, momentum=0.9),
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
