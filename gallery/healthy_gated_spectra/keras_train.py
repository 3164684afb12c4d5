"""Name the call in a recording from its spectrogram, read along time."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 7
BATCH = 32


def calls(rng: np.random.Generator, recordings: int) -> tuple[np.ndarray, np.ndarray]:
    """Log spectra, 64 times by 20 bands, and which call: rising, falling, a trill, or two tones
    at once. Any call may begin late and may be faint."""
    times, bands = np.mgrid[:64, :20]
    y = rng.integers(0, 4, recordings)
    x = rng.normal(0, 0.6, (recordings, 64, 20))
    for recording, call in zip(x, y, strict=True):
        start, length, pitch = rng.integers(2, 20), rng.integers(24, 40), rng.uniform(7, 13)
        at = (times - start) / length
        sounds = (at >= 0) & (at < 1)
        if call < 2:
            tone = np.abs(bands - pitch - (8 if call else -8) * (0.5 - at)) < 1
        elif call == 2:
            tone = (np.abs(bands - pitch) < 1.5) & ((times - start) % 6 < 3)
        else:
            tone = np.abs(np.abs(bands - pitch) - 3) < 1
        recording[sounds & tone] += rng.uniform(1, 2)
    return x.astype(np.float32), y


def gated(x, channels: int, dilation: int):
    """A residual step of WaveNet: a tanh, and a sigmoid that says how much of it is let through."""
    options = {"padding": "same", "dilation_rate": dilation}
    value = layers.Conv1D(channels, 3, activation="tanh", **options)(x)
    gate = layers.Conv1D(channels, 3, activation="sigmoid", **options)(x)
    return layers.Add()([x, layers.Conv1D(channels, 1)(layers.Multiply()([value, gate]))])


def build() -> keras.Model:
    inputs = keras.Input((64, 20))
    x = layers.Conv1D(32, 1)(inputs)
    for dilation in (1, 2, 4, 8):
        x = gated(x, 32, dilation)
    x = layers.GlobalMaxPooling1D()(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    train, test = calls(rng, 1200), calls(rng, 300)

    model = build()
    rate = keras.optimizers.schedules.ExponentialDecay(1e-3, len(train[0]) // BATCH, 0.75)
    model.compile(
        optimizer=keras.optimizers.RMSprop(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(*train, batch_size=BATCH, epochs=EPOCHS, validation_data=test, verbose=2)


if __name__ == "__main__":
    main()
