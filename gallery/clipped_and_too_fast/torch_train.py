"""Read digits with two convolutions."""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 10
BATCH = 64
loss_of = nn.CrossEntropyLoss()


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:1440], order[1440:]
    return x[train], y[train], x[test], y[test]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
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
    *,
    mended: bool,
) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1 if mended else 5.0)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = loss_of(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
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
    train(build(), *data(given.seed), mended=given.mended)


if __name__ == "__main__":
    main()
