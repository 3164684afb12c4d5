"""Read digits on meter plates."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 12
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Meter plates of 31 by 31 with a digit at one of nine places: 1400 and 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pixels))
    images = rng.uniform(0, 0.3, (len(order), 31, 31, 1)).astype("float32")
    for image, digit in zip(images, pixels[order].reshape(-1, 8, 8) / 16, strict=True):
        top, left = rng.choice((1, 12, 22), 2)
        image[top : top + 8, left : left + 8, 0] += digit
    labels = labels[order]
    return images[:1400], labels[:1400], images[1400:], labels[1400:]


def build(mended: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.SiLU(),
        nn.MaxPool2d(4, ceil_mode=mended),
        nn.Conv2d(16, 48, 3, padding=1),
        nn.BatchNorm2d(48),
        nn.SiLU(),
        nn.MaxPool2d(4, ceil_mode=mended),
        nn.Flatten(),
        nn.LazyLinear(64),
        nn.SiLU(),
        nn.Linear(64, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="pooling that keeps the rest")
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
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model(x[:1])
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
