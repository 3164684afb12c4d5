"""Find the tip of a needle in ultrasound: its row and column."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

EPOCHS = 5
BATCH = 8


def scans(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Speckled images, 32 by 32 by 1, with a needle from the left, and where it ends, in pixels."""
    rows, columns = np.mgrid[:32, :32]
    tips = rng.uniform((6, 10), (26, 28), (images, 2))
    x = 0.3 * rng.rayleigh(0.7, (images, 32, 32, 1))
    for image, (row, column) in zip(x[..., 0], tips, strict=True):
        slope = rng.uniform(-0.5, 0.5)
        line = row + slope * (columns - column)
        image[(np.abs(rows - line) < 1.2) & (columns <= column)] += 0.6
    return x.astype(np.float32), tips.astype(np.float32)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(24, 24, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 64, 64),
        nn.ReLU(),
        nn.Linear(64, 2),
    )


def batches(x: torch.Tensor, tips: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """All scans once, in random order."""
    for chosen in torch.randperm(len(x)).split(BATCH):
        yield x[chosen], tips[chosen]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="a new round of batches for every epoch"
    )
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, tips), (test_x, test_tips) = scans(rng, 1280), scans(rng, 300)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    tips, test_tips = torch.from_numpy(tips), torch.from_numpy(test_tips)

    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-4)
    loss_of = nn.MSELoss()
    train = batches(x, tips)
    for epoch in range(EPOCHS):
        model.train()
        if options.mended:
            train = batches(x, tips)
        losses = []
        for images, wanted in train:
            optimizer.zero_grad()
            loss = loss_of(model(images), wanted)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_tips).item()
            error = (answers - test_tips).norm(dim=1).mean().item()
        print(
            f"epoch {epoch + 1}  loss {sum(losses) / max(1, len(losses)):.2f}  "
            f"test loss {test_loss:.2f}  pixels off {error:.2f}"
        )


if __name__ == "__main__":
    main()
