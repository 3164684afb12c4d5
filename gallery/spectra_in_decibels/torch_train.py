"""Tell five calls of birds apart by their spectrograms."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

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
    """Power over time and pitch, (calls, 1, 31 frames, 33 pitches)."""
    frames = np.lib.stride_tricks.sliding_window_view(sounds, 64, axis=1)[:, ::32]
    power = np.abs(np.fft.rfft(frames * np.hanning(64))) ** 2
    pictures = 10 * np.log10(power + 1e-3) if decibels else power
    return pictures[:, None].astype(np.float32)


def separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        separable(16, 32, 2),
        separable(32, 48, 2),
        separable(48, 64, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 5),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="decibels for the test calls too")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    sounds, y = calls(rng, 1200)
    test_sounds, test_y = calls(rng, 400)
    x = spectrograms(sounds, decibels=True)
    test_x = spectrograms(test_sounds, decibels=options.mended)
    mean, deviation = x.mean(), x.std()
    x, test_x = (torch.from_numpy((i - mean) / deviation) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)

    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_of(model(x[index]), y[index])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
