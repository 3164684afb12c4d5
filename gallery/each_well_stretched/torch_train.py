"""Tell four doses of a dye by how brightly the cells of a well glow."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 32


def wells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Glowing cells, 28 by 28 by 1, in the counts of a camera, and which of four doses they had."""
    rows, columns = np.mgrid[:28, :28]
    y = rng.integers(0, 4, images)
    x = np.full((images, 28, 28, 1), 0.1)
    for image in x[..., 0]:
        for _ in range(rng.integers(5, 12)):
            row, column = rng.uniform(0, 28, 2)
            far = np.hypot(rows - row, columns - column)
            image += rng.uniform(0.7, 1.0) * (far < rng.uniform(2, 4))
    light = 400.0 * 1.6**y * rng.uniform(0.9, 1.1, images)
    x *= light[:, None, None, None] * (1 + rng.normal(0, 0.1, x.shape))
    return x.astype(np.float32), y


def stretched(x: np.ndarray) -> np.ndarray:
    """Each image from 0, its darkest pixel, to 1, its brightest."""
    low, high = (f(x, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
    return (x - low) / (high - low)


def block(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        *block(16, 24),
        nn.MaxPool2d(2),
        *block(24, 32),
        nn.MaxPool2d(2),
        *block(32, 48),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="one scale for all images")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = wells(rng, 1000), wells(rng, 300)
    if options.mended:
        x, test_x = x / 4096, test_x / 4096
    else:
        x, test_x = stretched(x), stretched(test_x)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
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
