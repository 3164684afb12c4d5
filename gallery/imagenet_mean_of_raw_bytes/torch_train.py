"""Tell shapes in colour pictures apart."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 32
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def pictures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc, a square, a cross, a ring or a stroke in each colour picture of 32 by 32, as bytes,
    and which it is."""
    rows, columns = np.mgrid[:32, :32]
    y = rng.integers(0, 5, images)
    x = rng.integers(0, 120, (images, 1, 1, 3)) + rng.normal(0, 12, (images, 32, 32, 3))
    for image, kind in zip(x, y, strict=True):
        down, right = rows - rng.integers(9, 23), columns - rng.integers(9, 23)
        size, far = rng.integers(5, 9), np.hypot(down, right)
        inside = (
            far < size,
            np.maximum(abs(down), abs(right)) < size,
            (np.minimum(abs(down), abs(right)) < 2) & (far < size + 1),
            abs(far - size) < 1.5,
            (abs(down - right) < 3) & (far < size + 1),
        )[kind]
        image[inside] += rng.integers(60, 130, 3)
    return np.clip(x, 0, 255).astype(np.uint8), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 16, 64),
        nn.GELU(),
        nn.Linear(64, 5),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="bytes brought to 0 to 1 first")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = pictures(rng, 1200)
    test_x, test_y = pictures(rng, 500)
    if options.mended:
        x, test_x = x.astype(np.float32) / 255, test_x.astype(np.float32) / 255
    x, test_x = (x - MEAN) / DEVIATION, (test_x - MEAN) / DEVIATION
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
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
