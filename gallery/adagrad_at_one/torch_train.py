"""Say which of five signs are in a picture."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

EPOCHS = 8
BATCH = 25


def scenes(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 1 by 36 by 36 and which of five signs are in them: a disc, a frame, a cross, a
    bar, a row of dots."""
    here = np.mgrid[-4:5, -4:5]
    down, right = here
    far = np.hypot(down, right)
    signs = (
        far < 4,
        np.maximum(abs(down), abs(right)) > 2.5,
        abs(abs(down) - abs(right)) < 1.2,
        abs(down) < 1.5,
        (abs(right) < 1) & (down % 3 == 0),
    )
    y = (rng.random((images, 5)) < 0.4).astype(np.float32)
    x = rng.normal(0, 0.15, (images, 1, 36, 36))
    for image, present in zip(x[:, 0], y, strict=True):
        places = rng.permutation(9)[:5]
        for sign, there, place in zip(signs, present, places, strict=True):
            row, column = (
                12 * (place // 3) + rng.integers(0, 4),
                12 * (place % 3) + rng.integers(0, 4),
            )
            if there:
                image[row : row + 9, column : column + 9] += sign
    return x.astype(np.float32), y


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1),
        nn.ELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 32, 3, padding=1),
        nn.ELU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 5),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a learning rate of 0.02")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in scenes(rng, 1500))
    test_x, test_y = (torch.from_numpy(i) for i in scenes(rng, 400))

    model = build()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.02 if options.mended else 1.0)
    loss_of = nn.BCEWithLogitsLoss()
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
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            accuracy = ((answers > 0) == (test_y > 0)).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
