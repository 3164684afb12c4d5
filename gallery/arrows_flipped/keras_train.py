"""Tell where arrows point: up, down, left or right."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 7
BATCH = 40


def arrows(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Arrows anywhere in noisy images of 28 by 28 by 1, and which of four ways they point."""
    rows, columns = np.mgrid[:28, :28]
    y = rng.integers(0, 4, images)
    x = rng.normal(0, 0.2, (images, 28, 28, 1))
    for image, way in zip(x, y, strict=True):
        down, right = rows - rng.integers(9, 19), columns - rng.integers(9, 19)
        ahead, aside = ((-down, right), (down, right), (-right, down), (right, down))[way]
        shaft = (abs(ahead) < 7) & (abs(aside) < 1)
        tip = (ahead > 1) & (ahead < 7) & (abs(abs(aside) - (6 - ahead)) < 1)
        image[shaft | tip] += rng.uniform(0.8, 1.2)
    return x.astype(np.float32), y


def build(*, mended: bool) -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = inputs if mended else layers.RandomFlip("horizontal_and_vertical")(inputs)
    for channels, size, pooled in ((16, 5, True), (32, 5, True), (32, 3, False)):
        x = layers.Conv2D(channels, size, padding="same")(x)
        x = layers.Activation("gelu")(layers.BatchNormalization(momentum=0.9)(x))
        if pooled:
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="no flips")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = arrows(rng, 1200)
    test_x, test_y = arrows(rng, 400)
    model = build(mended=options.mended)
    model.compile(
        optimizer=keras.optimizers.AdamW(2e-3),
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
