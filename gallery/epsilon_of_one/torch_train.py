"""Tell coloured shapes apart with GELU and group normalisation."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 8
BATCH = 25


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Coloured discs, squares, crosses and rings, 24 by 24: 1000 to train on, 300 to test on."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:24, :24]
    images = rng.normal(0.3, 0.1, (1300, 24, 24, 3))
    labels = rng.integers(4, size=1300)
    for image, label in zip(images, labels, strict=True):
        (row, column), radius = rng.uniform(8, 16, 2), rng.uniform(4, 7)
        down, across = np.abs(rows - row), np.abs(columns - column)
        far, near, away = np.maximum(down, across), np.minimum(down, across), np.hypot(down, across)
        disc, square = away < radius, far < 0.85 * radius
        cross, ring = (far < radius) & (near < 0.35 * radius), disc & (away > 0.55 * radius)
        image[(disc, square, cross, ring)[label]] += rng.uniform(0.2, 0.7, 3)
    images = images.astype("float32")
    return images[:1000], labels[:1000], images[1000:], labels[1000:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.GroupNorm(4, 16),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.GroupNorm(4, 32),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.GroupNorm(4, 32),
        nn.GELU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="an epsilon of 1e-7")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_labels),
    )
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7 if mended else 1.0)
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
