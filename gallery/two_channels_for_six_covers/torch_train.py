"""Map what covers the ground, pixel by pixel, in pictures from the air."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

EPOCHS = 6
BATCH = 8


def fields(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 1 by 32 by 32, each of four fields with one of six textures, and the texture at
    every pixel."""
    rows, columns = np.mgrid[:32, :32]
    x = np.empty((images, 1, 32, 32))
    y = np.empty((images, 32, 32), int)
    for image, cover in zip(x[:, 0], y, strict=True):
        centres, kinds = rng.uniform(0, 32, (4, 2)), rng.integers(0, 6, 4)
        far = [np.hypot(rows - row, columns - column) for row, column in centres]
        cover[:] = kinds[np.argmin(far, 0)]
        down, right = rows + rng.integers(0, 4), columns + rng.integers(0, 4)
        textures = (
            np.zeros((32, 32)),
            np.where(down % 4 < 2, 1, -1),
            np.where(right % 4 < 2, 1, -1),
            np.where((down + right) % 4 < 2, 1, -1),
            np.where((down - right) % 4 < 2, 1, -1),
            np.where((down // 2 + right // 2) % 2, 1, -1),
        )
        image[:] = np.choose(cover, textures) + rng.normal(0, 0.3, (32, 32))
    return x.astype(np.float32), y


def build(channels: int) -> nn.Module:
    """Dilated convolutions at full size."""
    layers: list[nn.Module] = []
    for place, dilation in enumerate((1, 1, 2, 2)):
        inputs = 1 if place == 0 else channels
        layers += [
            nn.Conv2d(inputs, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Conv2d(channels, 6, 1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="24 channels")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in fields(rng, 320))
    test_x, test_y = (torch.from_numpy(i) for i in fields(rng, 80))

    model = build(24 if options.mended else 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_of = nn.CrossEntropyLoss()
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
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
