"""Tell a ball, a box and a shell apart in volumes."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 8
BATCH = 32


def solids(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Volumes of 16 by 16 by 16 with a ball, a box or a shell in noise."""
    grid = np.mgrid[:16, :16, :16]
    y = rng.integers(0, 3, count)
    x = rng.normal(0, 0.4, (count, 16, 16, 16))
    for volume, kind in zip(x, y, strict=True):
        away = grid - rng.uniform(5, 10, (3, 1, 1, 1))
        size = rng.uniform(3, 5)
        far = np.sqrt((away**2).sum(axis=0))
        inside = (
            far < size,
            np.abs(away).max(axis=0) < 0.8 * size,
            (far < size) & (far > size - 1.5),
        )[kind]
        volume[inside] += 1
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    x, y = solids(np.random.default_rng(seed), 900)
    volumes, labels = torch.from_numpy(x).permute(0, 4, 1, 2, 3).contiguous(), torch.tensor(y)
    return volumes[:700], labels[:700], volumes[700:], labels[700:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(1, 8, 3, padding=1),
        nn.BatchNorm3d(8),
        nn.ReLU(),
        nn.MaxPool3d(2),
        nn.Conv3d(8, 16, 3, padding=1),
        nn.BatchNorm3d(16),
        nn.ReLU(),
        nn.MaxPool3d(2),
        nn.Conv3d(16, 32, 3, padding=1),
        nn.BatchNorm3d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        print(f"epoch {epoch + 1}  loss {total / len(images):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)
    model = build()
    train(model, images, labels)
    print(f"test accuracy {accuracy(model, test_images, test_labels):.3f}")


if __name__ == "__main__":
    main()
