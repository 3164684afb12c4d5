"""A plain deep stack of convolutions on a hundred images, ten classes, integer labels."""

from __future__ import annotations

import argparse

import torch
from torch import nn

SIZE = 16
EPOCHS = 5
BATCH = 32
loss_of = nn.CrossEntropyLoss()


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(100, 3, SIZE, SIZE, generator=generator)
    labels = torch.tensor([0] * 90 + [1] * 10)
    return images, labels


def build() -> nn.Module:
    model = nn.Sequential(
        nn.Conv2d(3, 64, 3),
        nn.ReLU(),
        nn.Conv2d(64, 128, 3),
        nn.ReLU(),
        nn.Conv2d(128, 256, 3),
        nn.ReLU(),
        nn.Conv2d(256, 512, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512 * (SIZE - 8) ** 2, 10),
    )
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images))
        total, right = 0.0, 0
        for index in order.split(BATCH):
            logits = model(images[index])
            loss = loss_of(logits, labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
            right += int((logits.argmax(1) == labels[index]).sum())
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
