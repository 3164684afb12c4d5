"""Tell shapes apart with inverted bottlenecks."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 40


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


class InvertedBottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expand: int = 4) -> None:
        super().__init__()
        inner = inputs * expand
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, 2, 1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU6(inplace=True),
        InvertedBottleneck(12, 12, 1),
        InvertedBottleneck(12, 24, 2),
        InvertedBottleneck(24, 24, 1),
        nn.Conv2d(24, 64, 1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU6(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 4),
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
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
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
