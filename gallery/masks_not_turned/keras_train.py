"""Outline nuclei in fluorescence images with a U-Net."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 16


def nuclei(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Glowing ellipses in the dark, 40 by 40 by 1, and where they are."""
    rows, columns = np.mgrid[:40, :40]
    x = rng.gamma(2, 0.05, (images, 40, 40, 1))
    masks = np.zeros((images, 40, 40, 1))
    for image, mask in zip(x[..., 0], masks[..., 0], strict=True):
        for _ in range(rng.integers(2, 6)):
            down, right = rows - rng.uniform(5, 35), columns - rng.uniform(5, 35)
            angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.6, 1)
            along = down * np.cos(angle) + right * np.sin(angle)
            across = (right * np.cos(angle) - down * np.sin(angle)) / ratio
            inside = np.hypot(along, across) < rng.uniform(3.5, 6.5)
            mask[inside] = 1
            image[inside] += rng.uniform(0.15, 0.6)
    return x.astype(np.float32), masks.astype(np.float32)


class Turned(keras.utils.PyDataset):
    """Batches of images and masks, each flipped and turned by right angles at random."""

    def __init__(self, x: np.ndarray, masks: np.ndarray, seed: int, *, both: bool) -> None:
        super().__init__()
        self.x, self.masks, self.both = x, masks, both
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(x))

    def __len__(self) -> int:
        return len(self.x) // BATCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * BATCH : (index + 1) * BATCH]
        images, masks = self.x[chosen], self.masks[chosen]
        for i in range(BATCH):
            turns, way = self.rng.integers(4), self.rng.choice([1, -1])
            images[i] = np.rot90(images[i, :, ::way], turns)
            if self.both:
                masks[i] = np.rot90(masks[i, :, ::way], turns)
        return images, masks

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.x))


def pair(x, channels: int):
    for _ in range(2):
        x = layers.Conv2D(channels, 3, padding="same")(x)
        x = layers.LeakyReLU(0.1)(layers.BatchNormalization(momentum=0.9)(x))
    return x


def build() -> keras.Model:
    inputs = keras.Input((40, 40, 1))
    fine = pair(inputs, 8)
    middle = pair(layers.MaxPooling2D()(fine), 16)
    coarse = pair(layers.MaxPooling2D()(middle), 24)
    up = layers.UpSampling2D(interpolation="bilinear")
    middle = pair(layers.Concatenate()([up(coarse), middle]), 16)
    up = layers.UpSampling2D(interpolation="bilinear")
    fine = pair(layers.Concatenate()([up(middle), fine]), 8)
    return keras.Model(inputs, layers.Conv2D(1, 1)(fine))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="masks turned with their images")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, masks = nuclei(rng, 480)
    test_x, test_masks = nuclei(rng, 120)

    model = build()
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryIoU([1], threshold=0.0, name="overlap")],
    )
    model.fit(
        Turned(x, masks, options.seed, both=options.mended),
        epochs=EPOCHS,
        validation_data=(test_x, test_masks),
        verbose=2,
    )


if __name__ == "__main__":
    main()
