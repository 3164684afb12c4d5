"""Tell which of four shapes are in an image."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 40


def scenes(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of a disc, a square outline, a cross and a bar are in an image of 40 by 40: any of
    them, or none."""
    rows, columns = np.mgrid[:40, :40]
    x = rng.normal(0, 0.2, (images, 40, 40, 1))
    y = (rng.random((images, 4)) < 0.4).astype("float32")
    for image, present in zip(x, y, strict=True):
        for shape in np.flatnonzero(present):
            down, right = rows - rng.integers(8, 32), columns - rng.integers(8, 32)
            far = np.maximum(abs(down), abs(right))
            inside = (
                down**2 + right**2 < 25,
                (far <= 6) & (far >= 5),
                (np.minimum(abs(down), abs(right)) < 1) & (far < 7),
                (abs(down) < 2) & (abs(right) < 8),
            )[shape]
            image[inside] += 1
    return x.astype("float32"), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x, y = scenes(np.random.default_rng(seed), 1500)
    images, labels = torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)
    loader = DataLoader(TensorDataset(images[:1200], labels[:1200]), BATCH, shuffle=True)
    model = build()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(EPOCHS):
        model.train()
        for inputs, wanted in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), wanted)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        right = ((model(images[1200:]) > 0) == (labels[1200:] > 0.5)).float().mean().item()
    print(f"test accuracy {right:.3f}")


if __name__ == "__main__":
    main()
