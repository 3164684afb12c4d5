"""Take the grain out of pieces of photographs."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_images
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 14
BATCH = 20
GRAIN = 0.15


def pieces(rng: np.random.Generator, count: int, *, left: bool) -> np.ndarray:
    """Pieces of 3 by 24 by 24 of two photographs, from the left two thirds or from the rest."""
    photos = load_sample_images().images
    x = np.empty((count, 3, 24, 24), np.float32)
    for piece in x:
        row = rng.integers(0, 390)
        column = rng.integers(0, 395) if left else rng.integers(430, 608)
        window = photos[rng.integers(2)][row : row + 24, column : column + 24]
        piece[:] = window.transpose(2, 0, 1) / 255
    return x


class Denoiser(nn.Module):
    """An auto-encoder with skips that says what is grain."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.down1 = nn.Conv2d(16, 24, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(24, 32, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(32, 32, 3, padding=1)
        self.up2 = nn.Conv2d(32, 24, 3, padding=1)
        self.up1 = nn.Conv2d(24, 16, 3, padding=1)
        self.last = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = F.leaky_relu(self.first(x), 0.1)
        half = F.leaky_relu(self.down1(fine), 0.1)
        low = F.leaky_relu(self.down2(half), 0.1)
        low = low + F.leaky_relu(self.middle(low), 0.1)
        half = half + F.leaky_relu(self.up2(F.interpolate(low, scale_factor=2)), 0.1)
        fine = fine + F.leaky_relu(self.up1(F.interpolate(half, scale_factor=2)), 0.1)
        return x - self.last(fine)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x = torch.from_numpy(pieces(rng, 800, left=True))
    test_x = torch.from_numpy(pieces(rng, 200, left=False))
    test_grainy = test_x + GRAIN * torch.randn(test_x.shape)
    loader = DataLoader(TensorDataset(x), BATCH, shuffle=True)

    model = Denoiser()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    # Two epochs, then four, then eight.
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2, T_mult=2)
    loss_of = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for step, (clean,) in enumerate(loader):
            loss = loss_of(model(clean + GRAIN * torch.randn(clean.shape)), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step(epoch + (step + 1) / len(loader))
            total += loss.item() * len(clean)
        model.eval()
        with torch.no_grad():
            test_loss = loss_of(model(test_grainy), test_x).item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.5f}  "
            f"test loss {test_loss:.5f} of {GRAIN**2:.5f}"
        )


if __name__ == "__main__":
    main()
