"""Read round gauges: how far the needle has gone, from 0 to 1."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 40


def gauges(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauges of 1 by 32 by 32, and their readings from 0 (lower left) to 1 (lower right)."""
    rows, columns = np.mgrid[:32, :32]
    readings = rng.uniform(0, 1, images)
    x = 0.8 + rng.normal(0, 0.08, (images, 1, 32, 32))
    for image, reading in zip(x[:, 0], readings, strict=True):
        down, right = rows - rng.uniform(14, 18), columns - rng.uniform(14, 18)
        angle = np.pi * (1.25 - 1.5 * reading)
        along = right * np.cos(angle) - down * np.sin(angle)
        across = right * np.sin(angle) + down * np.cos(angle)
        image[np.abs(np.hypot(down, right) - 13) < 0.8] -= 0.4
        image[(np.abs(across) < 1) & (along > -2) & (along < 11)] -= 0.6
    return x.astype(np.float32), readings.astype(np.float32)


def build() -> nn.Module:
    def conv(inputs: int, outputs: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
            nn.GroupNorm(4, outputs),
            nn.Mish(),
        ]

    return nn.Sequential(
        *conv(1, 16),
        *conv(16, 24),
        *conv(24, 32),
        nn.Flatten(),
        nn.Linear(32 * 16, 32),
        nn.Mish(),
        nn.Linear(32, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="readings in a column, as answers")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in gauges(rng, 1200))
    test_x, test_y = (torch.from_numpy(i) for i in gauges(rng, 300))
    if options.mended:
        y = y[:, None]
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, readings in loader:
            loss = ((model(images) - readings) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(readings)
        model.eval()
        with torch.no_grad():
            error = (model(test_x)[:, 0] - test_y).abs().mean().item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test error {error:.4f}")


if __name__ == "__main__":
    main()
