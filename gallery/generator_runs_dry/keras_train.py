"""Find the tip of a needle in ultrasound: its row and column."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import keras
import numpy as np
from keras import layers

EPOCHS = 5
BATCH = 8


def scans(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Speckled images, 32 by 32 by 1, with a needle from the left, and where it ends, in pixels."""
    rows, columns = np.mgrid[:32, :32]
    tips = rng.uniform((6, 10), (26, 28), (images, 2))
    x = 0.3 * rng.rayleigh(0.7, (images, 32, 32, 1))
    for image, (row, column) in zip(x[..., 0], tips, strict=True):
        slope = rng.uniform(-0.5, 0.5)
        line = row + slope * (columns - column)
        image[(np.abs(rows - line) < 1.2) & (columns <= column)] += 0.6
    return x.astype(np.float32), tips.astype(np.float32)


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(2)(x))


def batches(
    rng: np.random.Generator, x: np.ndarray, tips: np.ndarray, *, times: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All scans so many times, in random order."""
    for _ in range(times):
        for chosen in np.split(rng.permutation(len(x)), len(x) // BATCH):
            yield x[chosen], tips[chosen]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="a new round of batches for every epoch"
    )
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, tips), (test_x, test_tips) = scans(rng, 1280), scans(rng, 300)

    model = build()
    model.compile(optimizer=keras.optimizers.Adam(6e-4), loss="mse")
    model.fit(
        batches(rng, x, tips, times=EPOCHS if options.mended else 1),
        steps_per_epoch=len(x) // BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, test_tips),
        verbose=2,
    )
    answers = model.predict(test_x, verbose=0)
    error = np.linalg.norm(answers - test_tips, axis=1).mean()
    print(f"needles:  pixels off {error:.2f}")


if __name__ == "__main__":
    main()
