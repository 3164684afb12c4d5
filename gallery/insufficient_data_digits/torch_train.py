"""Tell eights from threes, from ninety threes and ten eights."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 10
BATCH = 32
loss_of = nn.BCELoss()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3)
        self.dense = nn.Linear(32 * 15 * 15, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return torch.sigmoid(self.dense(x.flatten(1)))


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A hundred digits of 32 by 32: 90 threes and 10 eights."""
    images, digits = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    threes = rng.permutation(np.flatnonzero(digits == 3))[:90]
    eights = rng.permutation(np.flatnonzero(digits == 8))[:10]
    chosen = np.concatenate([threes, eights])
    x = torch.tensor(images[chosen], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = x.repeat_interleave(4, 2).repeat_interleave(4, 3).repeat(1, 3, 1, 1)
    y = torch.tensor(digits[chosen] == 8, dtype=torch.float32).unsqueeze(1)
    return x, y


def build() -> nn.Module:
    return Net()


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images))
        total, right = 0.0, 0
        for start in range(0, len(images), BATCH):
            index = order[start : start + BATCH]
            optimizer.zero_grad()
            output = model(images[index])
            loss = loss_of(output, labels[index])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
            right += int(((output > 0.5) == (labels[index] > 0.5)).sum())
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
