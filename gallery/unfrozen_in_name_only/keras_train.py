"""See which way a fish swims: the head learns first, then everything."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 9
THAW = 2
BATCH = 32


def fish(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Fish in murky water, 36 by 36 by 1, and in which of eight directions they swim."""
    rows, columns = np.mgrid[:36, :36]
    y = rng.integers(0, 8, images)
    x = rng.normal(0.4, 0.1, (images, 36, 36, 1))
    for image, way in zip(x[..., 0], y, strict=True):
        down, right = rows - rng.uniform(12, 24), columns - rng.uniform(12, 24)
        angle = np.pi * way / 4 + rng.uniform(-0.25, 0.25)
        along = right * np.cos(angle) + down * np.sin(angle)
        across = np.abs(down * np.cos(angle) - right * np.sin(angle))
        body = (along / 7) ** 2 + (across / 3) ** 2 < 1
        tail = (along < -5) & (along > -10) & (across < -5 - along + 1.5)
        image[body | tail] += rng.uniform(0.3, 0.5)
    return x.astype(np.float32), y


def build_backbone() -> keras.Model:
    inputs = keras.Input((36, 36, 1))
    x = inputs
    for channels in (16, 24, 32):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.Activation("hard_silu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="hard_silu")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="backbone")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="compiled again after unfreezing")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = fish(rng, 1500)
    test = fish(rng, 400)

    backbone = build_backbone()
    backbone.trainable = False
    model = keras.Sequential(
        [keras.Input((36, 36, 1)), backbone, layers.Dense(8, activation="softmax")]
    )

    def compile_model() -> None:
        model.compile(
            optimizer=keras.optimizers.AdamW(2e-3),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )

    compile_model()
    model.fit(x, y, batch_size=BATCH, epochs=THAW, validation_data=test, verbose=2)
    backbone.trainable = True
    if options.mended:
        compile_model()
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        initial_epoch=THAW,
        validation_data=test,
        verbose=2,
    )


if __name__ == "__main__":
    main()
