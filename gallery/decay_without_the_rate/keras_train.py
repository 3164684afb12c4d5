"""Name the crop of a field in a satellite's four bands."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 8
BATCH = 40
RATE = 0.02
DECAY = 0.02


def fields(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Fields from above, 24 by 24 by 4 bands, and what grows there: five crops, which differ in
    their bands and in how far apart their rows are."""
    rows, columns = np.mgrid[:24, :24]
    bands = np.random.default_rng(0).uniform(0.3, 0.7, (5, 4))
    y = rng.integers(0, 5, images)
    x = np.empty((images, 24, 24, 4))
    for image, crop in zip(x, y, strict=True):
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 6.3)
        across = rows * np.cos(angle) - columns * np.sin(angle)
        furrows = 0.3 * np.sin(2 * np.pi * across / (3 + crop) + phase)
        image[:] = (bands[crop] - 0.5) * 0.5 + furrows[..., None] * rng.uniform(0.5, 1)
        image += rng.normal(0, 0.15, 4) + rng.normal(0, 0.2, image.shape)
    return x.astype(np.float32), y


def build() -> keras.Model:
    inputs = keras.Input((24, 24, 4))
    x = layers.Conv2D(24, 5, padding="same", activation="relu")(inputs)
    for channels in (32, 48):
        x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the decay times the rate")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = fields(rng, 1200), fields(rng, 300)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    model = build()
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    kept = 1 - RATE * DECAY if options.mended else 1 - DECAY

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        for weights in model.trainable_variables:
            weights.assign(weights * kept)
        return loss

    for epoch in range(EPOCHS):
        losses = [float(step(images, labels)) for images, labels in batches]
        answers = model(test_x, training=False)
        test_loss = float(loss_of(test_y, answers))
        accuracy = np.mean(np.argmax(answers, axis=1) == test_y)
        print(
            f"epoch {epoch + 1}  loss {np.mean(losses):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
