"""Tell six textures apart, in a loop of its own."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 6
BATCH = 25


def textures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Six textures of 24 by 24 by 1: grain, checks, dots, stripes, blotches or rings; and which."""
    rows, columns = np.mgrid[:24, :24]
    y = rng.integers(0, 6, images)
    x = rng.normal(0, 0.3, (images, 24, 24, 1))
    for image, kind in zip(x, y, strict=True):
        down, right = rows + rng.integers(0, 12), columns + rng.integers(0, 12)
        image[..., 0] += (
            rng.normal(0, 1, (24, 24)),
            2 * ((down // 3 + right // 3) % 2) - 1,
            3 * ((down % 5 == 0) & (right % 5 == 0)),
            np.sin(0.8 * down + 0.8 * right),
            np.kron(rng.normal(0, 1, (4, 4)), np.ones((6, 6))),
            np.cos(1.2 * np.hypot(down - 18, right - 18)),
        )[kind]
    return x.astype(np.float32), y


def block(x):
    """A convolution added to its input."""
    inside = layers.Conv2D(x.shape[-1], 3, padding="same")(x)
    return layers.Add()([x, layers.Activation("relu")(layers.GroupNormalization(4)(inside))])


def build() -> keras.Model:
    inputs = keras.Input((24, 24, 1))
    x = block(layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(inputs))
    x = block(layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(6)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="zero at every step")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = textures(rng, 1000)
    test_x, test_y = textures(rng, 400)
    model = build()
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    @tf.function
    def step(images, labels, sums):
        """The loss, and the sums with this batch's gradients, by which it has moved."""
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        gradients = tape.gradient(loss, variables)
        sums = [a + b for a, b in zip(sums, gradients, strict=True)]
        optimizer.apply(sums, variables)
        return loss, sums

    for epoch in range(EPOCHS):
        total = 0.0
        sums = [tf.zeros_like(variable) for variable in variables]
        for images, labels in batches:
            if options.mended:
                sums = [tf.zeros_like(variable) for variable in variables]
            loss, sums = step(images, labels, sums)
            total += float(loss) * len(labels)
        answers = model(test_x, training=False)
        test_loss = float(loss_of(test_y, answers))
        accuracy = (np.argmax(answers, 1) == test_y).mean()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
