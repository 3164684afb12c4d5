"""Tell coloured shapes apart with twenty convolutions."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 10
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


class Layer(nn.Module):
    def __init__(self, channels: int, skip: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.skip = skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.silu(self.conv(x))
        return x + y if self.skip else y


def build(mended: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=4, padding=2),
        nn.SiLU(),
        *(Layer(16, skip=mended) for _ in range(19)),
        nn.Flatten(),
        nn.Linear(16 * 36, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a skip around each convolution")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_labels),
    )
    model = build(mended)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
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
