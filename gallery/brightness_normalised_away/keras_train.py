"""Say how strongly a film was exposed."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 20


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Grainy films of 24 by 24 and their exposure, from -1 to 1: 800 and 200 to test on."""
    rng = np.random.default_rng(seed)
    exposure = rng.uniform(-1, 1, (1000, 1)).astype("float32")
    grain = rng.normal(0, 1, (1000, 24, 24)) * rng.uniform(0.3, 1, (1000, 1, 1))
    films = (exposure[..., None] + grain)[..., None].astype("float32")
    return films[:800], exposure[:800], films[800:], exposure[800:]


def build(mended: bool) -> keras.Model:
    x = inputs = keras.Input((24, 24, 1))
    for channels in (12, 24):
        x = layers.Conv2D(channels, 3, strides=2, padding="same")(x)
        if mended:
            x = layers.BatchNormalization(momentum=0.9)(x)
        else:
            x = layers.GroupNormalization(groups=-1)(x)
        x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(1)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="batch normalisation")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    keras.utils.set_random_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    model = build(mended)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="mse",
    )
    model.fit(
        images,
        targets,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_images, test_targets),
        verbose=2,
    )


if __name__ == "__main__":
    main()
