"""Name the crop of a field in a satellite's four bands."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 40
RATE = 0.02
DECAY = 0.02


def fields(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Fields from above, 24 by 24 by 4 bands, and what grows there: five crops, which differ in
    their bands and in how far apart their rows are."""
    rows, columns = np.mgrid[:24, :24]
    bands = np.random.default_rng(0).uniform(0.3, 0.7, (5, 4))
    y = rng.integers(0, 5, images)
    x = np.empty((images, 24, 24, 4))
    for image, crop in zip(x, y, strict=True):
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 6.3)
        across = rows * np.cos(angle) - columns * np.sin(angle)
        furrows = 0.3 * np.sin(2 * np.pi * across / (3 + crop) + phase)
        image[:] = (bands[crop] - 0.5) * 0.5 + furrows[..., None] * rng.uniform(0.5, 1)
        image += rng.normal(0, 0.15, 4) + rng.normal(0, 0.2, image.shape)
    return x.astype(np.float32), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(4, 24, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, 5),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the decay times the rate")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = fields(rng, 1200), fields(rng, 300)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    kept = 1 - RATE * DECAY if options.mended else 1 - DECAY
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), labels)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for weights in model.parameters():
                    weights.mul_(kept)
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
