"""Ten digits of which eights and nines have four images each to learn from, the others some 130."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 15
BATCH = 32
RARE = (8, 9)


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def without_most(
    images: np.ndarray, labels: np.ndarray, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same images, but of the rare digits no more than `keep` each."""
    kept = np.ones(len(labels), bool)
    for digit in RARE:
        kept[np.flatnonzero(labels == digit)[keep:]] = False
    return images[kept], labels[kept]


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8: 1,297 to train on and 500 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], labels[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


def train(model: keras.Model, data: tuple[np.ndarray, ...]) -> None:
    images, labels, test_images, test_labels = data
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
    parser.add_argument("--mended", action="store_true", help="keep all eights and nines")
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train_x, train_y, test_x, test_y = digits(args.seed)
    if not args.mended:
        train_x, train_y = without_most(train_x, train_y, 4)
    train(build(), (train_x, train_y, test_x, test_y))


if __name__ == "__main__":
    main()
