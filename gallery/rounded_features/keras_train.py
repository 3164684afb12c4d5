"""Count the discs in a picture with features of few bits."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 30


def pictures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """None to four discs among lines in noisy pictures of 30 by 30 by 1, and how many."""
    rows, columns = np.mgrid[:30, :30]
    y = rng.integers(0, 5, images)
    x = rng.normal(0, 0.1, (images, 30, 30, 1))
    for image, discs in zip(x, y, strict=True):
        for _ in range(rng.integers(0, 4)):
            image[rng.integers(0, 30), :] += 0.7
            image[:, rng.integers(0, 30)] += 0.7
        for place in rng.permutation(9)[:discs]:
            down = rows - 5 - 10 * (place // 3) + rng.integers(-1, 2)
            right = columns - 5 - 10 * (place % 3) + rng.integers(-1, 2)
            image[np.hypot(down, right) < 2.6] += 0.8
    return x.astype(np.float32), y


def build(*, mended: bool) -> keras.Model:
    """Three convolutions, rounding to so many levels, and a classifier."""
    inputs = keras.Input((30, 30, 1))
    x = layers.Conv2D(16, 5, padding="same")(inputs)
    x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(24, 3, padding="same")(x)
    x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
    x = layers.Conv2D(24, 3, padding="same", activation="silu")(x)
    x = 16 * layers.GlobalAveragePooling2D()(x)
    if not mended:
        x = keras.ops.round(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="features as they are")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = pictures(rng, 1500)
    test_x, test_y = pictures(rng, 500)
    model = build(mended=options.mended)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
