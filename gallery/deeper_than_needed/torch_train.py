"""A network of sixteen convolutions on images of 8 by 8, where four would do."""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 8
BATCH = 64


def conv(width_in: int, width: int) -> nn.Conv2d:
    made = nn.Conv2d(width_in, width, 3, padding=1)
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    return made


def build(mended: bool) -> nn.Sequential:
    more = [layer for _ in range(0 if mended else 12) for layer in (conv(64, 64), nn.ReLU())]
    return nn.Sequential(
        conv(1, 16),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        conv(16, 32),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        conv(32, 48),
        nn.BatchNorm2d(48),
        nn.ReLU(),
        conv(48, 64),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        *more,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
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
    parser.add_argument("--mended", action="store_true", help="twelve layers fewer")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = build(args.mended)
    train(model, torch.optim.Adam(model.parameters(), lr=1e-3), digits(args.seed))


if __name__ == "__main__":
    main()
