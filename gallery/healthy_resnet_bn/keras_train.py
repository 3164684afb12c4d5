"""Read digits with a small residual network."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def conv(channels: int, size: int, stride: int = 1) -> layers.Layer:
    return layers.Conv2D(
        channels, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )


class Block(layers.Layer):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(outputs, 3, stride), layers.BatchNormalization(momentum=0.9)
        self.conv2, self.bn2 = conv(outputs, 3), layers.BatchNormalization(momentum=0.9)
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            self.shortcut = keras.Sequential(
                [conv(outputs, 1, stride), layers.BatchNormalization(momentum=0.9)]
            )

    def call(self, x, training=None):
        out = keras.ops.relu(self.bn1(self.conv1(x), training=training))
        out = self.bn2(self.conv2(out), training=training)
        return keras.ops.relu(
            out + (x if self.shortcut is None else self.shortcut(x, training=training))
        )


class ResNet(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv(8, 3)
        self.bn = layers.BatchNormalization(momentum=0.9)
        self.block1 = Block(8, 8, 1)
        self.block2 = Block(8, 16, 2)
        self.block3 = Block(16, 32, 2)
        self.pool = layers.GlobalAveragePooling2D()
        self.dense = layers.Dense(10, activation="softmax")

    def call(self, x, training=None):
        x = keras.ops.relu(self.bn(self.conv(x), training=training))
        for block in (self.block1, self.block2, self.block3):
            x = block(x, training=training)
        return self.dense(self.pool(x))


def build() -> keras.Model:
    model = ResNet()
    model.compile(
        optimizer=keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(0.1, EPOCHS * 1440 // BATCH), momentum=0.9
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> None:
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
