"""Tell the form of a wave."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 50


def waves(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of 128 samples: a sine, a square wave, a sawtooth or a chirp under noise."""
    time = np.linspace(0, 1, 128)
    y = rng.integers(0, 4, count)
    x = np.zeros((count, 128, 2))
    for signal, kind in zip(x, y, strict=True):
        cycles, phase = rng.uniform(3, 8), rng.uniform(0, 1)
        turn = (cycles * time + phase) % 1
        wave = (
            np.sin(2 * np.pi * turn),
            np.sign(turn - 0.5),
            2 * turn - 1,
            np.sin(2 * np.pi * (phase + cycles * time * (0.4 + time))),
        )[kind]
        signal[:, 0] = wave + rng.normal(0, 0.3, 128)
        signal[:, 1] = rng.uniform(0.5, 1) * np.roll(wave, 5) + rng.normal(0, 0.3, 128)
    return x.astype("float32"), y


def data(seed: int) -> tuple[np.ndarray, ...]:
    x, y = waves(np.random.default_rng(seed), 2000)
    return x[:1600], y[:1600], x[1600:], y[1600:]


def build() -> keras.Model:
    model = keras.Sequential([keras.Input((128, 2))])
    for channels, size in ((16, 7), (32, 5), (32, 5)):
        model.add(layers.Conv1D(channels, size, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(4, activation="softmax"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
