"""Say how strongly a film was exposed."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 8
BATCH = 20


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Grainy films of 24 by 24 and their exposure, from -1 to 1: 800 and 200 to test on."""
    rng = np.random.default_rng(seed)
    exposure = rng.uniform(-1, 1, (1000, 1)).astype("float32")
    grain = rng.normal(0, 1, (1000, 24, 24)) * rng.uniform(0.3, 1, (1000, 1, 1))
    films = (exposure[..., None] + grain)[..., None].astype("float32")
    return films[:800], exposure[:800], films[800:], exposure[800:]


def build(mended: bool) -> nn.Module:
    norm = nn.BatchNorm2d if mended else nn.InstanceNorm2d
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2, padding=1),
        norm(12, affine=True),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1),
        norm(24, affine=True),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="batch normalisation")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(targets)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_targets),
    )
    model = build(mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.mse_loss(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = F.mse_loss(answers, test_y).item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test loss {test_loss:.4f}")


if __name__ == "__main__":
    main()
