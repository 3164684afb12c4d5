"""Tell five calls of birds apart by their spectrograms."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 40
RATE = 4096


def calls(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Calls of a quarter of a second, 1,024 samples, and which of five: rising, falling, steady,
    warbling or a trill."""
    time = np.arange(1024) / RATE
    y = rng.integers(0, 5, count)
    sounds = rng.normal(0, 0.08, (count, 1024))
    for sound, kind in zip(sounds, y, strict=True):
        pitch, span, phase = rng.uniform(500, 1300), rng.uniform(300, 500), rng.uniform(0, 6.3)
        ramp = time / time[-1] - 0.5
        warble = 0.5 * np.sin(2 * np.pi * 14 * time + phase)
        track = pitch + span * (ramp, -ramp, 0 * ramp, warble, 0 * ramp)[kind]
        loudness = rng.uniform(0.3, 1) * np.ones(1024)
        if kind == 4:
            loudness *= np.sin(2 * np.pi * 24 * time + phase) > 0
        sound += loudness * np.sin(2 * np.pi * np.cumsum(track) / RATE)
    return sounds.astype(np.float32), y


def spectrograms(sounds: np.ndarray, *, decibels: bool) -> np.ndarray:
    """Power over time and pitch, (calls, 31 frames, 33 pitches, 1)."""
    frames = np.lib.stride_tricks.sliding_window_view(sounds, 64, axis=1)[:, ::32]
    power = np.abs(np.fft.rfft(frames * np.hanning(64))) ** 2
    pictures = 10 * np.log10(power + 1e-3) if decibels else power
    return pictures[..., None].astype(np.float32)


def separable(x, channels: int, stride: int):
    x = layers.SeparableConv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU(max_value=6)(layers.BatchNormalization(momentum=0.9)(x))


def build() -> keras.Model:
    inputs = keras.Input((31, 33, 1))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(max_value=6)(layers.BatchNormalization(momentum=0.9)(x))
    for channels, stride in ((32, 2), (48, 2), (64, 1)):
        x = separable(x, channels, stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="decibels for the test calls too")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    sounds, y = calls(rng, 1200)
    test_sounds, test_y = calls(rng, 400)
    x = spectrograms(sounds, decibels=True)
    test_x = spectrograms(test_sounds, decibels=options.mended)
    mean, deviation = x.mean(), x.std()

    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        (x - mean) / deviation,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=((test_x - mean) / deviation, test_y),
        verbose=2,
    )


if __name__ == "__main__":
    main()
