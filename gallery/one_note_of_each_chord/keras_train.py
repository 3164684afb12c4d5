"""Hear which of six notes are in a chord."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 32
PITCHES = (220, 247, 262, 294, 330, 392)


def chords(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Chords of two to four notes, (chords, 400 samples, 1), and which notes are in them."""
    time = np.arange(400) / 2000
    x = rng.normal(0, 0.2, (count, 400, 1))
    y = np.zeros((count, len(PITCHES)))
    for sound, notes in zip(x[..., 0], y, strict=True):
        for note in rng.permutation(len(PITCHES))[: rng.integers(2, 5)]:
            notes[note] = 1
            phase = 2 * np.pi * (PITCHES[note] * time + rng.uniform())
            sound += rng.uniform(0.6, 1) * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    return x.astype(np.float32), y.astype(np.float32)


def build(activation: str) -> keras.Model:
    inputs = keras.Input((400, 1))
    x = inputs
    for channels, size, stride in ((32, 64, 4), (32, 9, 2), (48, 9, 2)):
        x = layers.Conv1D(channels, size, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(len(PITCHES), activation=activation)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a sigmoid for each note")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = chords(rng, 2000), chords(rng, 400)

    model = build("sigmoid" if options.mended else "softmax")
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="binary_crossentropy" if options.mended else "categorical_crossentropy",
        metrics=["binary_accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=(test_x, test_y), verbose=2)
    right = (model.predict(test_x, verbose=0) > 0.5) == (test_y > 0)
    print(f"notes right {right.mean():.3f}  chords right {right.all(1).mean():.3f}")


if __name__ == "__main__":
    main()
