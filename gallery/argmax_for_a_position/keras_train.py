"""Find the mark that a robot is to drive to, amid clutter."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers, ops

EPOCHS = 10
BATCH = 25
SIZE = 28


def views(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 28 by 28 by 1 with a chequered mark and six blots, and the mark's row and column
    from 0 to 1."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    places = rng.uniform(4, SIZE - 5, (images, 2))
    x = rng.normal(0, 0.1, (images, SIZE, SIZE, 1))
    for image, (row, column) in zip(x[..., 0], places, strict=True):
        for _ in range(6):
            far = np.hypot(rows - rng.uniform(0, SIZE), columns - rng.uniform(0, SIZE))
            image += rng.uniform(0.7, 1.4) * np.exp(-((far / 1.7) ** 2))
        inside = np.maximum(abs(rows - row), abs(columns - column)) < 3.5
        image += inside * np.where((rows + columns) % 2, 0.5, -0.5)
    return x.astype(np.float32), (places / (SIZE - 1)).astype(np.float32)


class Place(layers.Layer):
    """The place of each map's highest score, or the mean place that its softmax gives."""

    def __init__(self, *, soft: bool) -> None:
        super().__init__()
        self.soft = soft
        lines = np.meshgrid(*2 * [np.linspace(0, 1, SIZE)], indexing="ij")
        self.grid = np.stack(lines, -1).reshape(-1, 2).astype(np.float32)

    def call(self, scores):
        if self.soft:
            return ops.matmul(ops.softmax(scores), self.grid)
        return ops.take(self.grid, ops.argmax(scores, axis=2), axis=0)


def build(*, soft: bool) -> keras.Model:
    """Three maps of scores, the place of the highest of each, and a line through these."""
    inputs = keras.Input((SIZE, SIZE, 1))
    x = inputs
    for size in (5, 3):
        x = layers.Conv2D(16, size, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.BatchNormalization(momentum=0.9)(layers.Conv2D(3, 3, padding="same")(x))
    scores = layers.Permute((2, 1))(layers.Reshape((SIZE * SIZE, 3))(x))
    places = layers.Flatten()(Place(soft=soft)(scores))
    return keras.Model(inputs, layers.Dense(2)(places))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the mean place by softmax")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = views(rng, 1000)

    model = build(soft=options.mended)
    model.compile(
        optimizer=keras.optimizers.Adam(5e-3), loss=keras.losses.Huber(0.1), metrics=["mae"]
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=views(rng, 300), verbose=2)


if __name__ == "__main__":
    main()
