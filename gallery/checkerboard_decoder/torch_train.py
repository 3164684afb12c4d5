"""Squeeze digits through few channels and draw them again with transposed convolutions."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 3
BATCH = 64


def data(seed: int) -> torch.Tensor:
    """1200 digits of 32 by 32, smoothly enlarged."""
    pixels = load_digits().images / 16
    chosen = np.random.default_rng(seed).permutation(len(pixels))[:1200]
    large = zoom(pixels[chosen], (1, 4, 4), order=1)
    return torch.tensor(large, dtype=torch.float32)[:, None]


def grown(inputs: int, outputs: int, mended: bool) -> nn.Module:
    """Maps of twice the size."""
    if mended:
        return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1))
    return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)


class AutoEncoder(nn.Module):
    def __init__(self, mended: bool) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 2, 1), nn.ReLU()
        )
        self.decoder = nn.Sequential(
            grown(8, 16, mended), nn.ReLU(), grown(16, 1, mended), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    images = data(given.seed)
    model = AutoEncoder(given.mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(EPOCHS):
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            batch = images[index]
            loss = F.mse_loss(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        print(f"epoch {epoch + 1}  loss {total / len(images):.4f}")


if __name__ == "__main__":
    main()
