"""Count the colonies on a plate."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 20


def plates(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Plates of 40 by 40 by 1 with up to 12 colonies, and how many in tens."""
    rows, columns = np.mgrid[:40, :40]
    counts = rng.integers(0, 13, images)
    x = rng.normal(0, 0.1, (images, 40, 40, 1))
    for image, count in zip(x[..., 0], counts, strict=True):
        for _ in range(count):
            far = np.hypot(rows - rng.uniform(3, 37), columns - rng.uniform(3, 37))
            image += rng.uniform(0.7, 1.3) * np.exp(-((far / rng.uniform(1.2, 1.8)) ** 2))
    return x.astype(np.float32), (counts[:, None] / 10).astype(np.float32)


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((40, 40, 1)),
            layers.Conv2D(16, 5, padding="same", activation="silu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(24, 3, padding="same", activation="silu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(24, 3, padding="same", activation="silu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a decay of 0.01")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = plates(rng, 1200)
    test_x, test_y = plates(rng, 300)

    model = build()
    decay = 0.01 if options.mended else 50.0
    model.compile(optimizer=keras.optimizers.AdamW(4e-3, weight_decay=decay), loss="mse")
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_y), verbose=2)
    error = 10 * np.abs(model.predict(test_x, verbose=0) - test_y).mean()
    print(f"colonies miscounted {error:.2f}")


if __name__ == "__main__":
    main()
