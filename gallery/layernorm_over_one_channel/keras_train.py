"""Read scanned digits with blocks after ConvNeXt."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 36


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8, from 0 to 1: 1,400 to train on, and 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    x = (pixels[order].reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    y = labels[order]
    return x[:1400], y[:1400], x[1400:], y[1400:]


def block(x):
    channels = x.shape[-1]
    y = layers.LayerNormalization()(layers.DepthwiseConv2D(5, padding="same")(x))
    y = layers.Conv2D(2 * channels, 1, activation="gelu")(y)
    return layers.Add()([x, layers.Conv2D(channels, 1)(y)])


def build(axis: int | tuple[int, ...]) -> keras.Model:
    """The network, with images normalised over these axes first."""
    inputs = keras.Input((8, 8, 1))
    x = layers.LayerNormalization(axis=axis)(inputs)
    x = block(layers.Conv2D(24, 3, padding="same")(x))
    x = layers.Conv2D(48, 2, strides=2)(layers.LayerNormalization()(x))
    x = layers.Flatten()(layers.LayerNormalization()(block(x)))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="images normalised over positions")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(options.seed)

    model = build((1, 2, 3) if options.mended else -1)
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.02),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_y), verbose=2)


if __name__ == "__main__":
    main()
