"""Two convolutions and thirty dense layers with ReLU and without normalisation."""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 6
BATCH = 32


def build(depth: int) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    ]
    for n in range(depth):
        dense = nn.Linear(32 if n else 64, 32)
        nn.init.kaiming_normal_(dense.weight, nonlinearity="relu")
        nn.init.zeros_(dense.bias)
        layers += [dense, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(32, 10))


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
    parser.add_argument("--mended", action="store_true", help="three dense layers")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = build(3 if args.mended else 30)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train(model, optimizer, digits(args.seed))


if __name__ == "__main__":
    main()
