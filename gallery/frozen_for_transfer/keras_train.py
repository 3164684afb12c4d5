"""Tell kinds of heartbeat apart in one-dimensional traces."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 12
BATCH = 32


def beats(rng: np.random.Generator, traces: int) -> tuple[np.ndarray, np.ndarray]:
    """Traces of 96 points and one channel with a beat among drift and noise, and its kind: sound,
    broad, late, double or upside down."""
    time = np.arange(96.0)
    y = rng.integers(0, 5, traces)
    x = rng.normal(0, 0.15, (traces, 96, 1))
    for trace, kind in zip(x, y, strict=True):
        at, drift = rng.uniform(25, 55), rng.uniform(0, 6.3)
        width = 4.0 if kind == 1 else 2.0
        beat = np.exp(-(((time - at) / width) ** 2))
        beat += 0.4 * np.exp(-(((time - at - (24 if kind == 2 else 14)) / 4) ** 2))
        if kind == 3:
            beat += np.exp(-(((time - at - 7) / 2) ** 2))
        trace[:, 0] += (-beat if kind == 4 else beat) + 0.5 * np.sin(time / 15 + drift)
    return x.astype(np.float32), y


def block(x):
    """Two convolutions added to their input, then half the length."""
    inside = layers.BatchNormalization(momentum=0.9)(layers.Conv1D(16, 5, padding="same")(x))
    inside = layers.Conv1D(16, 5, padding="same")(layers.Activation("relu")(inside))
    return layers.MaxPooling1D()(layers.Activation("relu")(layers.Add()([x, inside])))


def build(*, mended: bool) -> keras.Model:
    inputs = keras.Input((96, 1))
    x = layers.Conv1D(16, 7, padding="same")(inputs)
    x = layers.GlobalAveragePooling1D()(block(block(block(x))))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(x))
    if not mended:
        for layer in model.layers[:-1]:
            layer.trainable = False
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="nothing frozen")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = beats(rng, 1200)
    test_x, test_y = beats(rng, 400)
    model = build(mended=options.mended)
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
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
