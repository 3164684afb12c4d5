"""Tell scratched plates of brushed metal from sound ones."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 50


def plates(
    rng: np.random.Generator, images: int, scratched: float
) -> tuple[np.ndarray, np.ndarray]:
    """Brushed metal of 32 by 32 by 1, that share of it with a short scratch, and whether it has."""
    x = rng.normal(0, 1, (images, 32, 32, 1))
    x = sum(np.roll(x, i, 2) for i in range(8)) / 8 + rng.normal(0, 0.15, x.shape)
    y = (rng.random(images) < scratched).astype(np.float32)
    for image in (x[i] for i in np.flatnonzero(y)):
        angle, along = rng.uniform(0.4, 2.7), np.linspace(-5, 5, 24)
        middle = rng.uniform(6, 26, 2)
        down, right = middle[0] + along * np.sin(angle), middle[1] + along * np.cos(angle)
        image[down.astype(int), right.astype(int)] += 0.65
    return x.astype(np.float32), y[:, None]


def build() -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(16, 5, padding="same")(inputs)
    x = layers.Activation("gelu")(layers.GroupNormalization(4)(x))
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(24, 3, padding="same")(x)
    x = layers.Activation("gelu")(layers.GroupNormalization(4)(x))
    x = layers.Conv2D(24, 3, padding="same", activation="gelu")(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="half the plates scratched")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    share = 0.5 if options.mended else 0.02
    x, y = plates(rng, 1200, share)
    test_x, test_y = plates(rng, 500, share)
    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(2e-3),
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
    found = (model.predict(test_x, verbose=0) > 0.5)[test_y == 1].mean()
    print(f"scratched plates found {found:.3f}")


if __name__ == "__main__":
    main()
