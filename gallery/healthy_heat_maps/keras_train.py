"""Find cell centres by a heat map at a quarter of the size, as detectors without anchors do."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers, ops
from scipy.ndimage import maximum_filter

EPOCHS = 12
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 48 by 48 by 1 with one to four bright cells amid dim crescents, and a heat map of
    12 by 12 by 1 that is 1 at each cell's centre and falls around it."""
    rows, columns = np.mgrid[:48, :48]
    coarse = 4 * np.mgrid[:12, :12] + 1.5
    x = rng.normal(0.2, 0.08, (images, 48, 48, 1))
    heat = np.zeros((images, 12, 12, 1))
    for image, warm in zip(x[..., 0], heat[..., 0], strict=True):
        for place in rng.permutation(9)[: rng.integers(1, 5)]:
            row, column = 16 * np.array(divmod(place, 3)) + rng.uniform(4, 12, 2)
            radius = rng.uniform(3, 6)
            image[np.hypot(rows - row, columns - column) < radius] += rng.uniform(0.3, 0.6)
            far = np.hypot(coarse[0] - row, coarse[1] - column)
            np.maximum(warm, np.exp(-((far / 4) ** 2)), out=warm)
        row, column = rng.uniform(8, 40, 2)
        far = np.hypot(rows - row, columns - column)
        image[(far < 6) & (np.hypot(rows - row - 3, columns - column) > 5)] += 0.4
    return x.astype(np.float32), heat.astype(np.float32)


def unit(x, channels: int, stride: int):
    y = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    return layers.ReLU()(layers.Add()([y, layers.Conv2D(channels, 1, strides=stride)(x)]))


def build() -> keras.Model:
    inputs = keras.Input((48, 48, 1))
    x = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = unit(unit(x, 32, 2), 32, 1)
    return keras.Model(inputs, layers.Conv2D(1, 1)(x))


def weighed_error(wanted, answers):
    """Centres are rare: positions near one count for more."""
    return ops.mean((answers - wanted) ** 2 * (1 + 4 * wanted), axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, heat = cells(rng, 640)
    test_x, test_heat = cells(rng, 160)

    model = build()
    rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * len(x) // BATCH)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3), loss=weighed_error)
    model.fit(
        x, heat, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_heat), verbose=2
    )
    answers = model.predict(test_x, verbose=0)
    around = (1, 3, 3, 1)
    found = (answers > 0.5) & (answers == maximum_filter(answers, around))
    real = test_heat > 0.75
    precision = (found & maximum_filter(real, around)).sum() / max(1, found.sum())
    recall = (real & maximum_filter(found, around)).sum() / real.sum()
    print(f"precision {precision:.3f}  recall {recall:.3f}")


if __name__ == "__main__":
    main()
