"""Say in which row and column a spot lies."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 7
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """A blurred spot on a noisy ground, 28 by 28, and its row and column in pixels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:28, :28]
    places = rng.uniform(3, 25, (1500, 2)).astype("float32")
    row, column = places.T[..., None, None]
    width = rng.uniform(1.5, 3, (1500, 1, 1))
    spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2))
    images = (spot + rng.normal(0, 0.2, (1500, 28, 28)))[..., None].astype("float32")
    return images[:1200], places[:1200], images[1200:], places[1200:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 16, 32),
        nn.ReLU(),
        nn.Linear(32, 2),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="a rate that rises over the first 150 steps"
    )
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(targets)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_targets),
    )
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=6e-3, momentum=0.9)
    warm_up = 150 if mended else 1
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warm_up, 1.0, warm_up)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.mse_loss(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = F.mse_loss(answers, test_y).item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test loss {test_loss:.4f}")


if __name__ == "__main__":
    main()
