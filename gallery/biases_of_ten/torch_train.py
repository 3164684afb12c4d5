"""Biases that start at ten: no unit ever switches off, and the network is linear."""

from __future__ import annotations

import argparse

import torch
from torch import nn

EPOCHS = 15
BATCH = 32


def build(bias: float) -> nn.Sequential:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(288, 2),
    )
    for module in model:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.constant_(module.bias, bias)
    return model


def pairs(images: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two squares on noise, each bright or dark: class 1 where they are alike, 0 where not."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (images, 2), generator=generator) * 2 - 1
    x = 0.1 * torch.randn(images, 1, 12, 12, generator=generator)
    x[:, 0, 2:5, 2:5] += signs[:, :1, None]
    x[:, 0, 7:10, 7:10] += signs[:, 1:, None]
    return x, (signs[:, 0] == signs[:, 1]).long()


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
    parser.add_argument("--mended", action="store_true", help="biases of zero")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = build(0.0 if args.mended else 10.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    train(model, optimizer, (*pairs(800, args.seed), *pairs(400, args.seed + 1000)))


if __name__ == "__main__":
    main()
