"""Say whether two scans show the same digit, by how far apart their codes are."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

EPOCHS = 5
BATCH = 48


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The digits in random order, 8 by 8 by 1, values from 0 to 1, and their names."""
    data = load_digits()
    order = rng.permutation(len(data.target))
    return data.images.astype(np.float32)[order, :, :, None] / 16, data.target[order]


def couples(rng: np.random.Generator, y: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of two digits each, half of the couples of the same name, and whether they are."""
    first = rng.integers(0, len(y), number)
    same = rng.random(number) < 0.5
    alike = (y[first, None] == y) == same[:, None]
    second = [rng.choice(np.flatnonzero(row)) for row in alike]
    return np.stack([first, second]), same.astype(np.float32)


def build() -> keras.Model:
    """How far apart the codes of two images are."""
    inputs = keras.Input((8, 8, 1))
    x = inputs
    for channels, stride in ((24, 1), (32, 2)):
        x = layers.Conv2D(channels, 3, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.GroupNormalization(4)(x))
    x = layers.Conv2D(48, 3, strides=2, padding="same", activation="relu")(x)
    code = keras.Model(inputs, layers.Dense(16)(layers.Flatten()(x)))
    first, second = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    apart = layers.Subtract()([code(first), code(second)])
    far = ops.sqrt(ops.sum(ops.square(apart), axis=1, keepdims=True) + 1e-6)
    return keras.Model([first, second], far)


def contrast(same, far):
    """Hadsell, Chopra and LeCun (2006): the same together, others at least 1 apart."""
    return ops.mean(same * far**2 + (1 - same) * ops.relu(1 - far) ** 2, axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng)
    train, test = x[:1400], x[1400:]
    (first, second), same = couples(rng, y[:1400], 100 * BATCH)
    (test_first, test_second), test_same = couples(rng, y[1400:], 400)

    model = build()
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss=contrast)
    model.fit(
        [train[first], train[second]],
        same[:, None],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=([test[test_first], test[test_second]], test_same[:, None]),
        verbose=2,
    )
    far = model.predict([test[test_first], test[test_second]], verbose=0)[:, 0]
    accuracy = np.mean((far < 0.5) == (test_same == 1))
    print(f"couples:  test accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
