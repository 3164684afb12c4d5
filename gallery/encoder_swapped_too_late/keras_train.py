"""Tell eight weaves of cloth under a raking light."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 6
BATCH = 32


def cloths(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of cloth, 30 by 30 by 1, and which of eight weaves: threads at one of four angles,
    close or less close."""
    rows, columns = np.mgrid[:30, :30]
    y = rng.integers(0, 8, images)
    x = rng.normal(0, 0.7, (images, 30, 30, 1))
    for image, weave in zip(x[..., 0], y, strict=True):
        angle = np.pi / 4 * (weave % 4) + rng.uniform(-0.15, 0.15)
        period = (4.0, 5.2)[weave // 4]
        across = rows * np.cos(angle) - columns * np.sin(angle)
        image += 0.5 * np.sin(2 * np.pi * across / period + rng.uniform(0, 6.3))
    return x.astype(np.float32), y


def encoder(bands: int) -> keras.Model:
    inputs = keras.Input((30, 30, bands))
    x = layers.Conv2D(12, 5, padding="same")(inputs)
    x = layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.AveragePooling2D(2)(x)
    for channels in (16, 8):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


class Weaves(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = encoder(bands=3)
        self.head = layers.Dense(8)
        self.head.build((None, 8))

    def call(self, x, training=False):
        return self.head(self.encoder(x, training=training))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="the encoder first, then the optimizer"
    )
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = cloths(rng, 1200), cloths(rng, 300)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    model = Weaves()
    if options.mended:
        model.encoder = encoder(bands=1)
    optimizer = keras.optimizers.Adam(5e-3)
    weights = model.encoder.trainable_variables + model.head.trainable_variables
    optimizer.build(weights)
    if not options.mended:
        model.encoder = encoder(bands=1)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
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
