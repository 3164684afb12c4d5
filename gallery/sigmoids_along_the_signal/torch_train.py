"""Tell sines, squares, saws and spikes apart with six convolutions in one dimension."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 10
BATCH = 24


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Sines, squares, saws and spikes of 96 samples: 1200 to train on, 400 to test on."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=1600)
    turns = rng.uniform(2, 5, (1600, 1)) * np.linspace(0, 1, 96) + rng.uniform(0, 1, (1600, 1))
    sine = np.sin(2 * np.pi * turns)
    waves = np.stack([sine, np.sign(sine), 2 * (turns % 1) - 1, 2.0 * (turns % 1 < 0.15)])
    signals = waves[labels, np.arange(1600)] + rng.normal(0, 0.3, (1600, 96))
    signals = signals[..., None].astype("float32")
    return signals[:1200], labels[:1200], signals[1200:], labels[1200:]


def build(mended: bool) -> nn.Module:
    stages: list[nn.Module] = []
    for inputs, outputs, stride in (
        (1, 16, 1),
        (16, 16, 2),
        (16, 24, 1),
        (24, 24, 2),
        (24, 32, 1),
        (32, 32, 2),
    ):
        stages.append(nn.Conv1d(inputs, outputs, 5, stride=stride, padding=2))
        stages.append(nn.ReLU() if mended else nn.Sigmoid())
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(32 * 12, 4))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="ReLU in place of the sigmoids")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    x, y = torch.from_numpy(images).permute(0, 2, 1), torch.from_numpy(labels)
    test_x, test_y = torch.from_numpy(test_images).permute(0, 2, 1), torch.from_numpy(test_labels)
    model = build(mended)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = F.cross_entropy(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
