"""Read scanned digits with blocks after ConvNeXt."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 36


def digits(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits of 8 by 8, from 0 to 1: 1,400 to train on, and 397 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    x = torch.tensor(pixels[order].reshape(-1, 1, 8, 8) / 16, dtype=torch.float32)
    y = torch.tensor(labels[order])
    return x[:1400], y[:1400], x[1400:], y[1400:]


class ChannelNorm(nn.LayerNorm):
    """Normalises over the channels, at every position by itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels),
            ChannelNorm(channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inside(x)


def build(first: nn.Module) -> nn.Module:
    return nn.Sequential(
        first,
        nn.Conv2d(1, 24, 3, padding=1),
        Block(24),
        ChannelNorm(24),
        nn.Conv2d(24, 48, 2, stride=2),
        Block(48),
        ChannelNorm(48),
        nn.Flatten(),
        nn.Linear(48 * 16, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="images normalised over positions")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y, test_x, test_y = digits(options.seed)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build(nn.LayerNorm((1, 8, 8)) if options.mended else ChannelNorm(1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
