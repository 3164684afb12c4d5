"""Tell which way stripes move in short clips."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 25


def clips(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Clips of 10 frames of 16 by 16 in which stripes move left, right, up or down under noise."""
    frames, rows, columns = np.mgrid[:10, :16, :16]
    y = rng.integers(0, 4, count)
    x = rng.normal(0, 0.5, (count, 10, 16, 16))
    for clip, kind in zip(x, y, strict=True):
        along = (columns, columns, rows, rows)[kind]
        speed = rng.uniform(0.6, 1) * (1, -1, 1, -1)[kind]
        clip += np.sin(rng.uniform(0.7, 1) * along + speed * frames + rng.uniform(0, 2 * np.pi))
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = clips(np.random.default_rng(seed), 1000)
    return x[:800], y[:800], x[800:], y[800:]


def build() -> keras.Model:
    inputs = keras.Input((10, 16, 16, 1))
    x = inputs
    for channels, pool in ((8, (1, 2, 2)), (16, 2), (32, None)):
        x = layers.Conv3D(channels, 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if pool is not None:
            x = layers.MaxPooling3D(pool)(x)
    x = layers.GlobalAveragePooling3D()(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
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
