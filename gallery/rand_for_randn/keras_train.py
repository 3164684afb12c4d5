"""Tell what somebody is doing by the accelerometer in the pocket."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 32


def movements(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two seconds of acceleration along three axes, (movements, 100, 3), and which of seven they
    are: rest, walking, running, climbing, descending, cycling or jumping."""
    time = np.linspace(0, 2, 100)
    y = rng.integers(0, 7, count)
    x = np.empty((count, 3, 100))
    for axes, kind in zip(x, y, strict=True):
        pace = (0, 1.8, 2.8, 1.4, 1.9, 1.2, 1.5)[kind] * rng.uniform(0.92, 1.08)
        phase = 2 * np.pi * (pace * time + rng.uniform())
        step = np.maximum(np.sin(phase), 0) ** 4
        up, ahead, aside = (
            (0 * time, 0 * time, 0 * time),
            (step, 0.5 * np.sin(phase), 0.3 * np.sin(phase / 2)),
            (2 * step, 0.8 * np.sin(phase), 0.4 * np.sin(phase / 2)),
            (0.6 * np.sin(phase), 0.8 * step, 0.3 * np.sin(phase / 2)),
            (1.5 * step, -0.6 * step, 0.3 * np.sin(phase / 2)),
            (0.3 * np.sin(phase), 0.6 * np.cos(phase), 0 * time),
            (2.5 * np.sin(phase) ** 3, 0 * time, 0 * time),
        )[kind]
        axes[:] = up, ahead, aside
        axes += rng.normal(0, 0.15, (3, 1)) + rng.normal(0, 0.25, (3, 100))
    return x.transpose(0, 2, 1).astype(np.float32), y


def he(draw):
    """He's rule: random weights times the root of two over what feeds them."""

    def begin(shape, dtype=None):
        return (2 / np.prod(shape[:-1])) ** 0.5 * draw(shape, dtype=dtype)

    return begin


def build(beginning) -> keras.Model:
    def conv(x, size: int):
        return layers.Conv1D(
            24, size, padding="same", activation="gelu", kernel_initializer=beginning
        )(x)

    inputs = keras.Input((100, 3))
    x = conv(inputs, 5)
    for _ in range(3):
        x = layers.MaxPooling1D(2)(conv(conv(x, 5), 1))
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(layers.Flatten()(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="weights from a normal distribution")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = movements(rng, 1500)

    model = build(he(keras.random.normal if options.mended else keras.random.uniform))
    model.compile(
        optimizer=keras.optimizers.RMSprop(5e-4),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=movements(rng, 500), verbose=2)


if __name__ == "__main__":
    main()
