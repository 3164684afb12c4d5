"""Find the mark that a robot is to drive to, amid clutter."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

EPOCHS = 10
BATCH = 25
SIZE = 28


def views(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 1 by 28 by 28 with a chequered mark and six blots, and the mark's row and column
    from 0 to 1."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    places = rng.uniform(4, SIZE - 5, (images, 2))
    x = rng.normal(0, 0.1, (images, 1, SIZE, SIZE))
    for image, (row, column) in zip(x[:, 0], places, strict=True):
        for _ in range(6):
            far = np.hypot(rows - rng.uniform(0, SIZE), columns - rng.uniform(0, SIZE))
            image += rng.uniform(0.7, 1.4) * np.exp(-((far / 1.7) ** 2))
        inside = np.maximum(abs(rows - row), abs(columns - column)) < 3.5
        image += inside * np.where((rows + columns) % 2, 0.5, -0.5)
    return x.astype(np.float32), (places / (SIZE - 1)).astype(np.float32)


class Pointer(nn.Module):
    """Three maps of scores, the place of the highest of each, and a line through these."""

    def __init__(self, *, soft: bool) -> None:
        super().__init__()
        self.scores = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 3, 3, padding=1),
            nn.BatchNorm2d(3),
        )
        self.line = nn.Linear(6, 2)
        self.soft = soft
        axis = torch.linspace(0, 1, SIZE)
        self.register_buffer("grid", torch.cartesian_prod(axis, axis))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.scores(x).flatten(2)
        places = scores.softmax(2) @ self.grid if self.soft else self.grid[scores.argmax(2)]
        return self.line(places.flatten(1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the mean place by softmax")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in views(rng, 1000))
    test_x, test_y = (torch.from_numpy(i) for i in views(rng, 300))

    model = Pointer(soft=options.mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_of = nn.SmoothL1Loss(beta=0.1)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = loss_of(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            error = (model(test_x) - test_y).abs().mean().item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test error {error:.4f}")


if __name__ == "__main__":
    main()
