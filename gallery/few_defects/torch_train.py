"""Tell scratched plates of brushed metal from sound ones."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 50


def plates(
    rng: np.random.Generator, images: int, scratched: float
) -> tuple[np.ndarray, np.ndarray]:
    """Brushed metal of 32 by 32 by 1, that share of it with a short scratch, and whether it has."""
    x = rng.normal(0, 1, (images, 32, 32, 1))
    x = sum(np.roll(x, i, 2) for i in range(8)) / 8 + rng.normal(0, 0.15, x.shape)
    y = (rng.random(images) < scratched).astype(np.float32)
    for image in (x[i] for i in np.flatnonzero(y)):
        angle, along = rng.uniform(0.4, 2.7), np.linspace(-5, 5, 24)
        middle = rng.uniform(6, 26, 2)
        down, right = middle[0] + along * np.sin(angle), middle[1] + along * np.cos(angle)
        image[down.astype(int), right.astype(int)] += 0.65
    return x.astype(np.float32), y[:, None]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.GroupNorm(4, 16),
        nn.GELU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1),
        nn.GroupNorm(4, 24),
        nn.GELU(),
        nn.Conv2d(24, 24, 3, padding=1),
        nn.GELU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="half the plates scratched")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    share = 0.5 if options.mended else 0.02
    x, y = plates(rng, 1200, share)
    test_x, test_y = plates(rng, 500, share)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            accuracy = ((answers > 0) == (test_y == 1)).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )
    found = (answers > 0)[test_y == 1].float().mean().item()
    print(f"scratched plates found {found:.3f}")


if __name__ == "__main__":
    main()
