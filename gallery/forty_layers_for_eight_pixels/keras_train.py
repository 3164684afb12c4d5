"""Read digits of 8 by 8 with normalised convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 6
BATCH = 40


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8 and their classes: 1200 to train on, 597 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    images, labels = (pixels[order] / 8 - 1).reshape(-1, 8, 8, 1).astype("float32"), labels[order]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def build(mended: bool) -> keras.Model:
    x = inputs = keras.Input((8, 8, 1))
    for channels in (12, 24, 32):
        for layer in range(1 if mended else 12):
            stride = 2 if layer == 0 else 1
            x = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="one convolution of each size")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
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
