"""Read digits at a learning rate that is never lowered."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 10
BATCH = 32


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = F.interpolate(x, scale_factor=2)
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:1440], order[1440:]
    return x[train], y[train], x[test], y[test]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    images, labels, test_images, test_labels = data(args.seed)
    model = build()
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=0.05 if args.mended else 1.0,
        momentum=0.9,
        weight_decay=5e-4 if args.mended else 0.01,
    )
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
    print(f"test accuracy {accuracy(model, test_images, test_labels):.3f}")


if __name__ == "__main__":
    main()
