"""Read round gauges: how far the needle has gone, from 0 to 1."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 10
BATCH = 40


def gauges(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauges of 32 by 32 by 1, and their readings from 0 (lower left) to 1 (lower right)."""
    rows, columns = np.mgrid[:32, :32]
    readings = rng.uniform(0, 1, images)
    x = 0.8 + rng.normal(0, 0.08, (images, 32, 32, 1))
    for image, reading in zip(x[..., 0], readings, strict=True):
        down, right = rows - rng.uniform(14, 18), columns - rng.uniform(14, 18)
        angle = np.pi * (1.25 - 1.5 * reading)
        along = right * np.cos(angle) - down * np.sin(angle)
        across = right * np.sin(angle) + down * np.cos(angle)
        image[np.abs(np.hypot(down, right) - 13) < 0.8] -= 0.4
        image[(np.abs(across) < 1) & (along > -2) & (along < 11)] -= 0.6
    return x.astype(np.float32), readings.astype(np.float32)


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = inputs
    for channels in (16, 24, 32):
        x = layers.Conv2D(channels, 3, strides=2, padding="same")(x)
        x = layers.Activation("mish")(layers.GroupNormalization(4)(x))
    x = layers.Dense(32, activation="mish")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(1)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="readings in a column, as answers")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = gauges(rng, 1200), gauges(rng, 300)
    if options.mended:
        y = y[:, None]
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    model = build()
    optimizer = keras.optimizers.Adam(1e-3)

    @tf.function
    def step(images, readings):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(images, training=True) - readings) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for epoch in range(EPOCHS):
        total = 0.0
        for images, readings in batches:
            total += float(step(images, readings)) * len(readings)
        error = np.abs(np.array(model(test_x, training=False))[:, 0] - test_y).mean()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test error {error:.4f}")


if __name__ == "__main__":
    main()
