"""Tell eights from threes where threes are three times as many."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 30
BATCH = 32
loss_of = nn.BCEWithLogitsLoss()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)
        self.dense = nn.Linear(32 * 6 * 6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.dense(x.flatten(1)).squeeze(1)


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits of 16 by 16: all 183 threes and 61 eights to train on; 113 other eights to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    threes, eights = x[digits == 3], x[digits == 8]
    eights = eights[torch.randperm(len(eights), generator=torch.Generator().manual_seed(seed))]
    images = torch.cat([threes, eights[:61]])
    labels = torch.cat([torch.zeros(len(threes)), torch.ones(61)])
    return images, labels, eights[61:], torch.ones(len(eights) - 61)


def build() -> nn.Module:
    return Net()


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
        model.eval()
        with torch.no_grad():
            found = ((model(test_images) > 0) == (test_labels > 0.5)).float().mean().item()
        print(f"epoch {epoch + 1}  loss {total / len(images):.3f}  eights found {found:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    train(build(), *data(seed))


if __name__ == "__main__":
    main()
