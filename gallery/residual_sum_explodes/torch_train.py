"""Residual blocks without normalisation, trained with steps a thousand times too large."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 5
BATCH = 32


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(F.gelu(self.conv1(x)))


def build() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        *[Block(16) for _ in range(3)],
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Digits of 8 by 8: 1,297 to train on and 500 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor(labels)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, data: tuple[torch.Tensor, ...]
) -> None:
    images, labels, test_images, test_labels = data
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = loss_of(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            scores = model(test_images)
            test_loss = loss_of(scores, test_labels).item()
            right = (scores.argmax(1) == test_labels).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(images):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {right:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a learning rate of 0.001")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3 if args.mended else 1.0)
    train(model, optimizer, digits(args.seed))


if __name__ == "__main__":
    main()
