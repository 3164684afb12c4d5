"""Tell two fine patterns apart."""

from __future__ import annotations

import argparse

import torch
from torch import nn

EPOCHS = 3
BATCH = 64
loss_of = nn.CrossEntropyLoss()


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Images of 16 by 16 in which every other column (0) or row (1) is lighter by turns,
    only in places that an even step from the corner never meets."""
    g = torch.Generator().manual_seed(seed)
    x = 0.5 * torch.randn(1800, 1, 16, 16, generator=g)
    y = torch.randint(2, (1800,), generator=g)
    x[y == 0, :, 0::2, 1::2] += 0.5
    x[y == 1, :, 1::2, 0::2] += 0.5
    return x[:1440], y[:1440], x[1440:], y[1440:]


def build(*, mended: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 2 if mended else 1, stride=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 2),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def train(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = loss_of(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        print(
            f"epoch {epoch + 1}  loss {total / len(images):.3f}  "
            f"test accuracy {accuracy(model, test_images, test_labels):.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    train(build(mended=given.mended), *data(given.seed))


if __name__ == "__main__":
    main()
