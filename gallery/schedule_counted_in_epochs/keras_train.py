"""Judge how far a photograph is out of focus, from small pieces of it."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images

EPOCHS = 8
BATCH = 32
BLURS = (0.0, 0.8, 1.6, 3.0)


def pieces(rng: np.random.Generator, count: int, *, left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Grey pieces of 24 by 24 by 1 of two photographs, from the left two thirds or from the rest,
    and which of four blurs they have. Pieces without detail are left out."""
    greys = [photo.mean(2) / 255 for photo in load_sample_images().images]
    blurred = [[gaussian_filter(grey, blur) for blur in BLURS] for grey in greys]
    x, y = [], []
    while len(x) < count:
        photo, blur = rng.integers(len(greys)), rng.integers(len(BLURS))
        row = rng.integers(0, 400)
        column = rng.integers(0, 400) if left else rng.integers(430, 610)
        window = np.s_[row : row + 24, column : column + 24]
        if greys[photo][window].std() > 0.1:
            piece = blurred[photo][blur][window] + rng.normal(0, 0.02, (24, 24))
            x.append((piece - piece.mean()) / piece.std())
            y.append(blur)
    return np.array(x, np.float32)[..., None], np.array(y)


def build() -> keras.Model:
    inputs = keras.Input((24, 24, 1))
    x = inputs
    for channels, stride in ((16, 1), (24, 2), (32, 2)):
        x = layers.Conv2D(channels, 3, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(BLURS), activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the schedule's length in steps")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = pieces(rng, 1600, left=True)

    model = build()
    length = EPOCHS * (len(x) // BATCH) if options.mended else EPOCHS
    rate = keras.optimizers.schedules.PolynomialDecay(0.02, length, end_learning_rate=0.0)
    model.compile(
        optimizer=keras.optimizers.SGD(rate, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=pieces(rng, 400, left=False),
        verbose=2,
    )


if __name__ == "__main__":
    main()
