"""Read digits on meter plates."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 12
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Meter plates of 31 by 31 with a digit at one of nine places: 1400 and 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pixels))
    images = rng.uniform(0, 0.3, (len(order), 31, 31, 1)).astype("float32")
    for image, digit in zip(images, pixels[order].reshape(-1, 8, 8) / 16, strict=True):
        top, left = rng.choice((1, 12, 22), 2)
        image[top : top + 8, left : left + 8, 0] += digit
    labels = labels[order]
    return images[:1400], labels[:1400], images[1400:], labels[1400:]


def build(mended: bool) -> keras.Model:
    rest = "same" if mended else "valid"
    x = inputs = keras.Input((31, 31, 1))
    for channels in (16, 48):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("silu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D(4, padding=rest)(x)
    x = layers.Dense(64, activation="silu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="pooling that keeps the rest")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-3),
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
