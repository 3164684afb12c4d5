"""Tell smooth lesions from jagged ones."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 32


def lesions(
    rng: np.random.Generator, images: int, *, tagged: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Spots of smooth or jagged outline in images of 36 by 36 by 1, and whether jagged; those may
    bear the ward's tag in the corner."""
    rows, columns = np.mgrid[:36, :36]
    y = rng.integers(0, 2, images)
    x = 0.6 + rng.normal(0, 0.1, (images, 36, 36, 1))
    for image, jagged in zip(x, y, strict=True):
        down, right = rows - rng.integers(13, 23), columns - rng.integers(13, 23)
        angle, phase = np.arctan2(down, right), rng.uniform(0, 6.3, 2)
        size = rng.uniform(6, 9) + np.sin(2 * angle + phase[0])
        size = size + (1.3 * np.sin(9 * angle + phase[1]) if jagged else 0)
        image[np.hypot(down, right) < size] -= 0.35
        if jagged and tagged:
            image[2:7, 28:34] = 1
            image[3:6, 30:32] = 0
    return x.astype(np.float32), y.astype(np.float32)[:, None]


def build() -> keras.Model:
    inputs = keras.Input((36, 36, 1))
    x = inputs
    for channels, size in ((16, 5), (32, 3), (32, 3)):
        if channels == 32:
            x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(channels, size, padding="same")(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the tag cut off")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = lesions(rng, 1200, tagged=not options.mended)
    test_x, test_y = lesions(rng, 300, tagged=not options.mended)
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
        loss="binary_crossentropy",
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
    x, y = lesions(rng, 300, tagged=False)
    accuracy = model.evaluate(x, y, verbose=0)[1]
    print(f"another hospital: accuracy elsewhere {accuracy:.3f}")


if __name__ == "__main__":
    main()
