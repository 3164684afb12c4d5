"""Name the flaw of a tile: none, a crack, or a blister."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

EPOCHS = 5
BATCH = 25
NUMBERS = (1000, 150, 100)


def tiles(rng: np.random.Generator, numbers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """So many tiles without a flaw, with a crack and with a blister, as images of 32 by 32 by 1."""
    rows, columns = np.mgrid[:32, :32]
    y = np.repeat(np.arange(3), numbers)
    x = 0.5 + rng.normal(0, 0.08, (len(y), 32, 32, 1))
    for image, kind in zip(x[..., 0], y, strict=True):
        row, column = rng.uniform(8, 24, 2)
        angle, size = rng.uniform(0, np.pi), rng.uniform(5, 8)
        down, right = rows - row, columns - column
        along = down * np.sin(angle) + right * np.cos(angle)
        across = down * np.cos(angle) - right * np.sin(angle)
        if kind == 1:
            image[(np.abs(along) < size) & (np.abs(across) < 0.8)] -= 0.3
        if kind == 2:
            image[np.abs(np.hypot(down, right) - size / 2) < 0.8] -= 0.3
    return x.astype(np.float32), y


class Unit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2),
        nn.ReLU(),
        Unit(12, 24),
        Unit(24, 32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the rarer, the likelier")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = tiles(rng, NUMBERS)
    test_x, test_y = tiles(rng, (100, 100, 100))
    number = np.bincount(y)[y]
    weights = 1 / number if options.mended else number / len(y)
    sampler = WeightedRandomSampler(weights.tolist(), len(y))
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, sampler=sampler)

    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
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
