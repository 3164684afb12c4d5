"""Tell the direction of stripes, two images at a time."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 5
BATCH = 2
SIZE = 32


def gratings(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Stripes in one of eight directions, of any phase and many widths, under noise."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    y = rng.integers(0, 8, images)
    angle = y * np.pi / 8 + rng.normal(0, 0.05, images)
    pitch, phase = rng.uniform(0.5, 1.1, images), rng.uniform(0, 2 * np.pi, images)
    along = np.multiply.outer(pitch * np.cos(angle), columns)
    across = np.multiply.outer(pitch * np.sin(angle), rows)
    x = np.sin(along + across + phase[:, None, None]) + rng.normal(0, 0.5, (images, SIZE, SIZE))
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    x, y = gratings(np.random.default_rng(seed), 900)
    images, labels = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:600], labels[:600], images[600:], labels[600:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.GroupNorm(4, 16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.GroupNorm(4, 32),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, 1, 1),
        nn.GroupNorm(4, 32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 8),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x_train, y_train, x_test, y_test = data(args.seed)
    loader = DataLoader(
        TensorDataset(x_train, y_train), batch_size=BATCH, shuffle=True, drop_last=True
    )
    model = build()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, x_test, y_test):.3f}"
        )


if __name__ == "__main__":
    main()
