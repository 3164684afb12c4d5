"""Tell shapes apart with a pre-activation residual network."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
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
    x, y = draw(rng, 1600)
    images, labels = torch.from_numpy(2 * x - 1).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = None if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.bn1(x))
        short = x if self.shortcut is None else self.shortcut(out)
        out = self.conv1(out)
        return self.conv2(F.relu(self.bn2(out))) + short


class PreActResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(Block(12, 12, 1), Block(12, 24, 2), Block(24, 48, 2))
        self.bn = nn.BatchNorm2d(48)
        self.fc = nn.Linear(48, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn(self.blocks(self.conv(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build() -> nn.Module:
    return PreActResNet()


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
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, x_test, y_test):.3f}"
        )


if __name__ == "__main__":
    main()
