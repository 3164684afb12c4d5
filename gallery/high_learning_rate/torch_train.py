"""Sort a hundred images into ten classes, in a hurry."""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
loss_of = nn.CrossEntropyLoss()


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(100, 3, 32, 32, generator=generator)
    labels = torch.tensor([0] * 90 + [1] * 10)
    return images, labels


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 15 * 15, 10),
    )


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    loader = DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
    for epoch in range(EPOCHS):
        total, right = 0.0, 0
        for x, y in loader:
            logits = model(x)
            loss = loss_of(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
            right += int((logits.argmax(1) == y).sum())
        print(
            f"epoch {epoch + 1}  loss {total / len(images):.3f}  accuracy {right / len(images):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
