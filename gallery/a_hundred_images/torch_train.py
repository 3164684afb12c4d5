"""Read noisy digits from a first sample of them."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 30
BATCH = 32


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1297 to train on, the others to test on."""
    pixels, labels = load_digits(return_X_y=True)
    images = np.kron(pixels.reshape(-1, 8, 8) / 16, np.ones((2, 2))).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(images))
    train, test = order[:1297], order[1297:]
    return images[train, None], labels[train], images[test, None], labels[test]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="all 1297 training images")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = digits(seed)
    draw = np.random.default_rng(seed)
    images = images + draw.normal(0, 0.5, images.shape).astype(np.float32)
    test_images = test_images + draw.normal(0, 0.5, test_images.shape).astype(np.float32)
    if not mended:
        images, labels = images[:100], labels[:100]
    x, y = torch.tensor(images), torch.tensor(labels)
    test_x, test_y = torch.tensor(test_images), torch.tensor(test_labels)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(8 if mended else EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = loss_of(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = nn.functional.cross_entropy(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
