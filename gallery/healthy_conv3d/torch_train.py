"""Tell which way stripes move in short clips."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 6
BATCH = 25


def clips(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Clips of 10 frames of 16 by 16 in which stripes move left, right, up or down under noise."""
    frames, rows, columns = np.mgrid[:10, :16, :16]
    y = rng.integers(0, 4, count)
    x = rng.normal(0, 0.5, (count, 10, 16, 16))
    for clip, kind in zip(x, y, strict=True):
        along = (columns, columns, rows, rows)[kind]
        speed = rng.uniform(0.6, 1) * (1, -1, 1, -1)[kind]
        clip += np.sin(rng.uniform(0.7, 1) * along + speed * frames + rng.uniform(0, 2 * np.pi))
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    x, y = clips(np.random.default_rng(seed), 1000)
    volumes, labels = torch.from_numpy(x).permute(0, 4, 1, 2, 3).contiguous(), torch.tensor(y)
    return volumes[:800], labels[:800], volumes[800:], labels[800:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(1, 8, 3, padding=1),
        nn.BatchNorm3d(8),
        nn.ReLU(),
        nn.MaxPool3d((1, 2, 2)),
        nn.Conv3d(8, 16, 3, padding=1),
        nn.BatchNorm3d(16),
        nn.ReLU(),
        nn.MaxPool3d(2),
        nn.Conv3d(16, 32, 3, padding=1),
        nn.BatchNorm3d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
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
