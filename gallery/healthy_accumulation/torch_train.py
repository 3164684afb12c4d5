"""Tell the direction of stripes, adding up the gradients of four batches."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 12
ACCUMULATE = 4
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
    x, y = gratings(np.random.default_rng(seed), 1740)
    images, labels = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:1440], labels[:1440], images[1440:], labels[1440:]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 3, stride=2, padding=1)
        self.norm1 = nn.GroupNorm(6, 24)
        self.conv2 = nn.Conv2d(24, 32, 3, stride=2, padding=1)
        self.norm2 = nn.GroupNorm(8, 32)
        self.conv3 = nn.Conv2d(32, 48, 3, stride=2, padding=1)
        self.norm3 = nn.GroupNorm(8, 48)
        self.fc = nn.Linear(48, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm1(self.conv1(x)))
        x = torch.relu(self.norm2(self.conv2(x)))
        x = torch.relu(self.norm3(self.conv3(x)))
        return self.fc(torch.amax(x, (2, 3)))


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    images, labels, test_images, test_labels = data(seed)
    loader = DataLoader(TensorDataset(images, labels), BATCH, shuffle=True)
    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        optimizer.zero_grad()
        for number, (x, y) in enumerate(loader, start=1):
            loss = F.cross_entropy(model(x), y)
            (loss / ACCUMULATE).backward()
            if number % ACCUMULATE == 0:
                optimizer.step()
                optimizer.zero_grad()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, test_images, test_labels):.3f}"
        )


if __name__ == "__main__":
    main()
