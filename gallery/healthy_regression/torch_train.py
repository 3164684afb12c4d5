"""Tell where a disc is and how large."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 50


def discs(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """One disc each, 32 by 32, with its row, column and radius, from 0 to 1."""
    rows, columns = np.mgrid[:32, :32]
    place = rng.uniform(8, 24, (images, 2, 1, 1))
    radius = rng.uniform(2, 7, (images, 1, 1))
    far = np.hypot(rows - place[:, 0], columns - place[:, 1])
    x = 1 / (1 + np.exp(2 * (far - radius))) + rng.normal(0, 0.15, (images, 32, 32))
    y = np.concatenate([(place[:, :, 0, 0] - 8) / 16, (radius[:, :, 0] - 2) / 5], axis=1)
    return x[..., None].astype("float32"), y.astype("float32")


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, 2, 1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, 2, 1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.Conv2d(24, 24, 3, 2, 1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 16, 32),
        nn.ReLU(),
        nn.Linear(32, 3),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x, y = discs(np.random.default_rng(seed), 1700)
    images, targets = torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)
    loader = DataLoader(TensorDataset(images[:1400], targets[:1400]), BATCH, shuffle=True)
    model = build()
    loss_of = nn.SmoothL1Loss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        model.train()
        for inputs, wanted in loader:
            loss = loss_of(model(inputs), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        error = F.mse_loss(model(images[1400:]), targets[1400:]).item()
    print(f"test error {error / targets.var(0).mean().item():.3f}")


if __name__ == "__main__":
    main()
