"""Tell patches of one photograph from those of another."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_sample_images

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Patches of 32 by 32 of two photographs, a temple and a flower, and which one each is of. The
    upper two thirds of each photograph are trained on and the rest tested on."""
    rng = np.random.default_rng(seed)
    parts = []
    for top, bottom, count in ((0, 280, 600), (280, 427, 200)):
        patches, labels = [], []
        for label, photo in enumerate(load_sample_images().images):
            for _ in range(count):
                row, column = rng.integers(top, bottom - 32), rng.integers(0, 640 - 32)
                patches.append(photo[row : row + 32, column : column + 32])
                labels.append(label)
        order = rng.permutation(len(labels))
        parts += [np.stack(patches)[order], np.array(labels)[order]]
    return tuple(parts)


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"]
    )
    model.fit(x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_split=0.1, verbose=2)
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
