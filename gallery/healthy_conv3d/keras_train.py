"""Tell a ball, a box and a shell apart in volumes."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 32


def solids(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Volumes of 16 by 16 by 16 with a ball, a box or a shell in noise."""
    grid = np.mgrid[:16, :16, :16]
    y = rng.integers(0, 3, count)
    x = rng.normal(0, 0.4, (count, 16, 16, 16))
    for volume, kind in zip(x, y, strict=True):
        away = grid - rng.uniform(5, 10, (3, 1, 1, 1))
        size = rng.uniform(3, 5)
        far = np.sqrt((away**2).sum(axis=0))
        inside = (
            far < size,
            np.abs(away).max(axis=0) < 0.8 * size,
            (far < size) & (far > size - 1.5),
        )[kind]
        volume[inside] += 1
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = solids(np.random.default_rng(seed), 900)
    return x[:700], y[:700], x[700:], y[700:]


def build() -> keras.Model:
    inputs = keras.Input((16, 16, 16, 1))
    x = inputs
    for channels in (8, 16, 32):
        x = layers.Conv3D(channels, 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if channels < 32:
            x = layers.MaxPooling3D()(x)
    x = layers.GlobalAveragePooling3D()(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


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
