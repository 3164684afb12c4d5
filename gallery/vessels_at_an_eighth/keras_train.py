"""Outline the vessels of a retina, which are one or two pixels wide."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 10
BATCH = 16


def retinas(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Dark winding vessels on uneven ground in images of 40 by 40 by 1, and where they are."""
    rows, columns = np.mgrid[:40, :40]
    masks = np.zeros((images, 40, 40, 1), np.float32)
    x = 0.6 + rng.normal(0, 0.07, masks.shape)
    for image, mask in zip(x[..., 0], masks[..., 0], strict=True):
        slope = rng.uniform(-0.1, 0.1, 2)
        image += slope[0] * rows / 20 + slope[1] * columns / 20
        for _ in range(rng.integers(2, 5)):
            angle, start = rng.uniform(0, np.pi), rng.uniform(-14, 14)
            along = (rows - 20) * np.sin(angle) + (columns - 20) * np.cos(angle)
            across = (rows - 20) * np.cos(angle) - (columns - 20) * np.sin(angle)
            middle = start + rng.uniform(1, 4) * np.sin(along / rng.uniform(3, 6))
            mask[np.abs(across - middle) < rng.uniform(0.6, 1.1)] = 1
        image -= 0.25 * mask
    return x.astype(np.float32), masks


def build(*, strided: bool) -> keras.Model:
    """Three convolutions that see far, by strides or by dilations, and a mask as large as the
    image."""
    inputs = keras.Input((40, 40, 1))
    x = inputs
    for depth, channels in enumerate((12, 20, 24)):
        x = layers.Conv2D(
            channels,
            3,
            strides=2 if strided else 1,
            dilation_rate=1 if strided else 2**depth,
            padding="same",
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(1, 1)(x)
    if strided:
        x = layers.UpSampling2D(8, interpolation="bilinear")(x)
    return keras.Model(inputs, layers.Activation("sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="dilations in place of strides")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, masks = retinas(rng, 320)
    test_x, test_masks = retinas(rng, 100)

    model = build(strided=not options.mended)
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy")
    model.fit(
        x, masks, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_masks), verbose=2
    )
    found = model.predict(test_x, verbose=0) > 0.5
    dice = 2 * (found * test_masks).sum() / (found.sum() + test_masks.sum())
    print(f"vessels:  test dice {dice:.3f}")


if __name__ == "__main__":
    main()
