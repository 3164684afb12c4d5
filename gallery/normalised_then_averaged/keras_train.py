"""Read scikit-learn's small digits."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 50


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The digits in random order, 8 by 8 by 1, values from 0 to 1, and their names."""
    data = load_digits()
    order = rng.permutation(len(data.target))
    x = data.images.astype(np.float32)[..., None] / 16
    return x[order], data.target[order]


def per_image() -> layers.Layer:
    """Instance normalisation: every channel of every image by itself."""
    return layers.GroupNormalization(groups=-1, epsilon=1e-5)


def build(last: layers.Layer) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = inputs
    for channels in (16, 32):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("silu")(per_image()(x))
    x = layers.MaxPooling2D()(x)
    x = last(layers.Conv2D(48, 3, padding="same")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="batch normalisation before the mean")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng)
    train, test = slice(0, 1400), slice(1400, None)

    model = build(layers.BatchNormalization(momentum=0.9) if options.mended else per_image())
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-3, weight_decay=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x[train],
        y[train],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x[test], y[test]),
        verbose=2,
    )


if __name__ == "__main__":
    main()
