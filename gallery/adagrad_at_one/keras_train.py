"""Say which of five signs are in a picture."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 25


def scenes(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 36 by 36 by 1 and which of five signs are in them: a disc, a frame, a cross, a
    bar, a row of dots."""
    here = np.mgrid[-4:5, -4:5]
    down, right = here
    far = np.hypot(down, right)
    signs = (
        far < 4,
        np.maximum(abs(down), abs(right)) > 2.5,
        abs(abs(down) - abs(right)) < 1.2,
        abs(down) < 1.5,
        (abs(right) < 1) & (down % 3 == 0),
    )
    y = (rng.random((images, 5)) < 0.4).astype(np.float32)
    x = rng.normal(0, 0.15, (images, 36, 36, 1))
    for image, present in zip(x[..., 0], y, strict=True):
        places = rng.permutation(9)[:5]
        for sign, there, place in zip(signs, present, places, strict=True):
            row, column = (
                12 * (place // 3) + rng.integers(0, 4),
                12 * (place % 3) + rng.integers(0, 4),
            )
            if there:
                image[row : row + 9, column : column + 9] += sign
    return x.astype(np.float32), y


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((36, 36, 1)),
            layers.Conv2D(16, 5, padding="same", activation="elu"),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, padding="same", activation="elu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="elu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(5, activation="sigmoid"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a learning rate of 0.05")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = scenes(rng, 1500)

    model = build()
    model.compile(
        optimizer=keras.optimizers.Adagrad(0.05 if options.mended else 1.0),
        loss="binary_crossentropy",
        metrics=["binary_accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=scenes(rng, 400), verbose=2)


if __name__ == "__main__":
    main()
