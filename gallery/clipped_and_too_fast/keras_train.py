"""Read digits with two convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def build(*, mended: bool) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, padding="same", activation="leaky_relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="leaky_relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.1 if mended else 5.0, global_clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
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
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    train(build(mended=given.mended), *data(given.seed))


if __name__ == "__main__":
    main()
