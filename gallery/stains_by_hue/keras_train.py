"""Name the stain of tissue: four of them, which differ in colour."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 8
BATCH = 50
STAINS = np.array([[0.50, 0.25, 0.62], [0.62, 0.25, 0.50], [0.62, 0.50, 0.25], [0.25, 0.50, 0.62]])


def tissue(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Stained cells on pale ground, 32 by 32 by 3, and by which of four stains. How strong it is
    differs from slide to slide."""
    rows, columns = np.mgrid[:32, :32]
    y = rng.integers(0, 4, images)
    x = np.empty((images, 32, 32, 3))
    for image, stain in zip(x, y, strict=True):
        depth = np.full((32, 32, 1), 0.15)
        for _ in range(rng.integers(4, 9)):
            row, column = rng.uniform(0, 32, 2)
            far = np.hypot(rows - row, columns - column)[..., None]
            depth += rng.uniform(0.4, 1) * (far < rng.uniform(2, 5))
        strength = rng.uniform(0.7, 1.3)
        image[:] = np.exp(-strength * depth * 2 * (1 - STAINS[stain]))
        image += rng.normal(0, 0.06, image.shape)
    return x.astype(np.float32), y


def flipped(image, label):
    """Flipped at random and a little lighter or darker."""
    image = tf.image.random_flip_left_right(image)
    return image + tf.random.normal((1, 1, 1), stddev=0.05), label


def colours_exchanged(image, label):
    return tf.gather(image, tf.random.shuffle(tf.range(3)), axis=-1), label


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = inputs
    for channels in (16, 24, 32):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("gelu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.AveragePooling2D(2)(x)
    x = layers.Dense(32, activation="gelu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="colours left as they are")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = tissue(rng, 1000)
    train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).map(flipped)
    if not options.mended:
        train = train.map(colours_exchanged)

    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(train.batch(BATCH), epochs=EPOCHS, validation_data=tissue(rng, 400), verbose=2)


if __name__ == "__main__":
    main()
