"""Read digits anywhere on a canvas."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits anywhere on a canvas of 20 by 20: 1400 to train on, 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pixels))
    images = rng.uniform(0, 0.2, (len(order), 20, 20, 1)).astype("float32")
    for image, digit in zip(images, pixels[order].reshape(-1, 8, 8) / 16, strict=True):
        top, left = rng.integers(0, 13, 2)
        image[top : top + 8, left : left + 8, 0] += digit
    labels = labels[order]
    return images[:1400], labels[:1400], images[1400:], labels[1400:]


def build(mended: bool) -> keras.Model:
    start = "he_normal" if mended else keras.initializers.RandomNormal(stddev=1.0)
    x = inputs = keras.Input((20, 20, 1))
    for place, channels in enumerate((16, 24, 32, 32)):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu", kernel_initializer=start)(
            x
        )
        if place in (1, 2):
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, kernel_initializer=start)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="He's initialisation")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
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
