"""Tell six textures apart."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 40


def textures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Six textures of 24 by 24 by 1: grain, checks, dots, stripes, blotches or rings; and which."""
    rows, columns = np.mgrid[:24, :24]
    y = rng.integers(0, 6, images)
    x = rng.normal(0, 0.3, (images, 24, 24, 1))
    for image, kind in zip(x, y, strict=True):
        down, right = rows + rng.integers(0, 12), columns + rng.integers(0, 12)
        image[..., 0] += (
            rng.normal(0, 1, (24, 24)),
            2 * ((down // 3 + right // 3) % 2) - 1,
            3 * ((down % 5 == 0) & (right % 5 == 0)),
            np.sin(0.8 * down + 0.8 * right),
            np.kron(rng.normal(0, 1, (4, 4)), np.ones((6, 6))),
            np.cos(1.2 * np.hypot(down - 18, right - 18)),
        )[kind]
    return x.astype(np.float32), y


class Block(nn.Module):
    """A convolution added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(nn.functional.silu(self.norm(x)))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        Block(16),
        nn.AvgPool2d(2),
        Block(16),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        Block(32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 6),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the table read from its first row")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y = textures(np.random.default_rng(options.seed), 1400)
    if not options.mended:
        x, y = x[:-1], y[1:]
    x, test_x, y, test_y = x[:1000], x[1000:], y[:1000], y[1000:]
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
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
