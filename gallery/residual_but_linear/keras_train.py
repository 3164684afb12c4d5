"""Tell the direction of noisy gratings with normalised residual blocks."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Noisy gratings in six directions, 20 by 20: 1200 to train on, 300 to test on."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:20, :20]
    labels = rng.integers(6, size=1500)
    angle = labels[:, None, None] * np.pi / 6
    period = rng.uniform(3.5, 6, (1500, 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (1500, 1, 1))
    along = rows * np.cos(angle) + columns * np.sin(angle)
    images = np.sin(2 * np.pi * along / period + phase) + rng.normal(0, 0.7, (1500, 20, 20))
    images = images[..., None].astype("float32")
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def normalised(x, activation: str | None, stride: int = 1):
    x = layers.Conv2D(16, 3, strides=stride, padding="same", use_bias=False)(x)
    return layers.Activation(activation)(layers.BatchNormalization(momentum=0.9)(x))


def block(x, activation: str | None):
    y = normalised(normalised(x, activation), None)
    return layers.Activation(activation)(layers.Add()([x, y]))


def build(mended: bool) -> keras.Model:
    activation = "silu" if mended else None
    inputs = keras.Input((20, 20, 1))
    x = block(normalised(inputs, activation, 2), activation)
    x = block(layers.AveragePooling2D(2)(x), activation)
    return keras.Model(inputs, layers.Dense(6)(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="SiLU in the blocks")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_labels),
        verbose=2,
    )


if __name__ == "__main__":
    main()
