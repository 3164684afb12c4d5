"""Tell the direction of stripes, two images at a time."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 2
SIZE = 32


def gratings(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Stripes in one of eight directions, of any phase and many widths, under noise."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    y = rng.integers(0, 8, images)
    angle = y * np.pi / 8 + rng.normal(0, 0.05, images)
    pitch, phase = rng.uniform(0.5, 1.1, images), rng.uniform(0, 2 * np.pi, images)
    along = np.multiply.outer(pitch * np.cos(angle), columns)
    across = np.multiply.outer(pitch * np.sin(angle), rows)
    x = np.sin(along + across + phase[:, None, None]) + rng.normal(0, 0.5, (images, SIZE, SIZE))
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = gratings(np.random.default_rng(seed), 900)
    return x[:600], y[:600], x[600:], y[600:]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((SIZE, SIZE, 1))])
    for channels, stride in ((16, 2), (32, 2), (32, 1)):
        model.add(layers.Conv2D(channels, 3, strides=stride, padding="same"))
        model.add(layers.GroupNormalization(4))
        model.add(layers.ReLU())
    model.add(layers.AveragePooling2D(4))
    model.add(layers.Flatten())
    model.add(layers.Dense(8, activation="softmax"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
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
