"""Tell small signs apart with the stem of a network for photographs."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 10
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """One of six small signs in a noisy picture of 48 by 48: 1200 to train on, 300 to test on."""
    signs = np.array(
        [
            [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
            [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
            [[1, 1, 1], [1, 0, 1], [1, 1, 1]],
            [[1, 1, 1], [0, 0, 0], [1, 1, 1]],
            [[1, 0, 1], [1, 0, 1], [1, 0, 1]],
            [[1, 1, 1], [0, 1, 0], [0, 1, 0]],
        ]
    )
    rng = np.random.default_rng(seed)
    labels = rng.integers(6, size=1500)
    images = rng.normal(0, 0.15, (1500, 48, 48, 1)).astype("float32")
    for image, label in zip(images, labels, strict=True):
        row, column = rng.integers(2, 43, 2)
        image[row : row + 3, column : column + 3, 0] += signs[label]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.norm(self.conv(x)))


def build(mended: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 7, stride=1 if mended else 4, padding=3, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Block(12),
        nn.MaxPool2d(2),
        Block(12),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 6),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="stride 1 in the stem")
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
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
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
