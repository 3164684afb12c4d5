"""Read digits with six convolutions."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers, ops
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


def small() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(1 / 3, distribution="uniform")


def build(*, mended: bool) -> keras.Model:
    images = keras.Input((16, 16, 1))
    x = images
    for i, width in enumerate([16, 16, 32, 32, 64, 64]):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", kernel_initializer=small())(
            x
        )
        if i in (1, 3):
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    if not mended:
        x = layers.Lambda(ops.stop_gradient)(x)
    model = keras.Model(images, layers.Dense(10, activation="softmax")(x))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
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
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    train(build(mended=given.mended), *data(given.seed))


if __name__ == "__main__":
    main()
