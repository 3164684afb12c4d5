"""Tell where arrows point: up, down, left or right."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 40


def arrows(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Arrows anywhere in noisy images of 28 by 28 by 1, and which of four ways they point."""
    rows, columns = np.mgrid[:28, :28]
    y = rng.integers(0, 4, images)
    x = rng.normal(0, 0.2, (images, 28, 28, 1))
    for image, way in zip(x, y, strict=True):
        down, right = rows - rng.integers(9, 19), columns - rng.integers(9, 19)
        ahead, aside = ((-down, right), (down, right), (-right, down), (right, down))[way]
        shaft = (abs(ahead) < 7) & (abs(aside) < 1)
        tip = (ahead > 1) & (ahead < 7) & (abs(abs(aside) - (6 - ahead)) < 1)
        image[shaft | tip] += rng.uniform(0.8, 1.2)
    return x.astype(np.float32), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.BatchNorm2d(32),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.GELU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="no flips")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = arrows(rng, 1200)
    test_x, test_y = arrows(rng, 400)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            if not options.mended:
                for axis in (2, 3):
                    flipped = torch.rand(len(images), 1, 1, 1) < 0.5
                    images = torch.where(flipped, images.flip(axis), images)
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
