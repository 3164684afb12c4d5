"""Tell shapes apart with inverted bottlenecks."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 40


def draw(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 32 by 32 in colour, each of a disc, a square, a triangle or a cross on noise."""
    rows, columns = np.mgrid[:32, :32]
    x = rng.normal(0.4, 0.1, (images, 32, 32, 3))
    y = rng.integers(0, 4, images)
    for image, shape in zip(x, y, strict=True):
        down, right = rows - rng.integers(11, 21), columns - rng.integers(11, 21)
        size = rng.integers(6, 10)
        far = np.maximum(abs(down), abs(right))
        inside = (
            down**2 + right**2 < size**2,
            far < 0.85 * size,
            (abs(down) < size) & (2 * abs(right) < down + size),
            (np.minimum(abs(down), abs(right)) < size / 3) & (far < size),
        )[shape]
        image[inside] = rng.choice([0.1, 0.9], 3) + rng.normal(0, 0.05, (inside.sum(), 3))
    return x.clip(0, 1).astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = draw(np.random.default_rng(seed), 1600)
    return x[:1200], y[:1200], x[1200:], y[1200:]


def norm(x):
    return layers.BatchNormalization(momentum=0.9)(x)


def bottleneck(x, outputs: int, stride: int, expand: int = 4):
    inputs = x.shape[-1]
    out = layers.ReLU(6.0)(norm(layers.Conv2D(inputs * expand, 1, use_bias=False)(x)))
    out = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(out)
    out = layers.ReLU(6.0)(norm(out))
    out = norm(layers.Conv2D(outputs, 1, use_bias=False)(out))
    return layers.Add()([x, out]) if stride == 1 and inputs == outputs else out


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(6.0)(norm(x))
    x = bottleneck(bottleneck(bottleneck(x, 12, 1), 24, 2), 24, 1)
    x = layers.ReLU(6.0)(norm(layers.Conv2D(64, 1, use_bias=False)(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(4e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
