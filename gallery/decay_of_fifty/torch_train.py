"""Count the colonies on a plate."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 20


def plates(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Plates of 1 by 40 by 40 with up to 12 colonies, and how many in tens."""
    rows, columns = np.mgrid[:40, :40]
    counts = rng.integers(0, 13, images)
    x = rng.normal(0, 0.1, (images, 1, 40, 40))
    for image, count in zip(x[:, 0], counts, strict=True):
        for _ in range(count):
            far = np.hypot(rows - rng.uniform(3, 37), columns - rng.uniform(3, 37))
            image += rng.uniform(0.7, 1.3) * np.exp(-((far / rng.uniform(1.2, 1.8)) ** 2))
    return x.astype(np.float32), (counts[:, None] / 10).astype(np.float32)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(24, 24, 3, padding=1),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a decay of 0.01")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in plates(rng, 1200))
    test_x, test_y = (torch.from_numpy(i) for i in plates(rng, 300))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    decay = 0.01 if options.mended else 50.0
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=decay)
    loss_of = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, counts in loader:
            loss = loss_of(model(images), counts)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(counts)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            error = 10 * (answers - test_y).abs().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.4f}  "
            f"test loss {test_loss:.4f}  colonies miscounted {error:.2f}"
        )


if __name__ == "__main__":
    main()
