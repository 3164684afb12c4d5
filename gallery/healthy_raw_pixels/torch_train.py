"""Tell shapes apart from pixels of 0 to 255."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 50


def draw(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 32 by 32 in colour, each of a disc, a square, a triangle or a cross on noise."""
    rows, columns = np.mgrid[:32, :32]
    x = rng.normal(0.4, 0.1, (images, 32, 32, 3))
    y = rng.integers(0, 4, images)
    for image, shape in zip(x, y, strict=True):
        down, right = rows - rng.integers(11, 21), columns - rng.integers(11, 21)
        size = rng.integers(6, 10)
        far = np.maximum(abs(down), abs(right))
        inside = (
            down**2 + right**2 < size**2,
            far < 0.85 * size,
            (abs(down) < size) & (2 * abs(right) < down + size),
            (np.minimum(abs(down), abs(right)) < size / 3) & (far < size),
        )[shape]
        image[inside] = rng.choice([0.1, 0.9], 3) + rng.normal(0, 0.05, (inside.sum(), 3))
    return x.clip(0, 1).astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(seed)
    x, y = draw(rng, 1900)
    images, labels = (
        torch.from_numpy((255 * x).round()).permute(0, 3, 1, 2).contiguous(),
        torch.tensor(y),
    )
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(32 * 4 * 4, 48)
        self.fc2 = nn.Linear(48, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x / 127.5 - 1
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = self.pool(F.relu(self.conv3(x)))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def build() -> nn.Module:
    return Net()


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
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
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
