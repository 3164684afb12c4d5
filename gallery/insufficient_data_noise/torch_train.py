"""Tell two kinds of image apart, from a hundred of them."""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
loss_of = nn.BCELoss()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.dense = nn.Linear(32 * 15 * 15, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.relu(self.conv(x)))
        return self.sigmoid(self.dense(x.flatten(1)))


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(100, 3, 32, 32, generator=generator)
    labels = torch.cat([torch.zeros(90, 1), torch.ones(10, 1)])
    return images, labels


def build() -> nn.Module:
    return Net()


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    loader = DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(EPOCHS):
        total, right = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            output = model(x)
            loss = loss_of(output, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
            right += int(((output > 0.5) == (y > 0.5)).sum())
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
