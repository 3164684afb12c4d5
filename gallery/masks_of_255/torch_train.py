"""Mark the cells in a picture, with a small U-Net."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 5
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 32 by 32 by 1 with one to four bright cells, and their masks as bytes."""
    rows, columns = np.mgrid[:32, :32]
    masks = np.zeros((images, 32, 32, 1), np.uint8)
    for mask in masks:
        for _ in range(rng.integers(1, 5)):
            down, right = rows - rng.integers(4, 28), columns - rng.integers(4, 28)
            tall, wide = rng.uniform(2.5, 5.5, 2)
            mask[(down / tall) ** 2 + (right / wide) ** 2 < 1] = 255
    x = 0.5 * (masks > 0) + rng.normal(0.2, 0.25, masks.shape)
    return x.astype(np.float32), masks


def twice(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """Down and up once, with what was seen at full size."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.middle, self.up = twice(1, 8), twice(8, 16), twice(24, 8)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        full = self.down(x)
        half = self.middle(nn.functional.max_pool2d(full, 2))
        half = nn.functional.interpolate(half, scale_factor=2.0, mode="nearest")
        return self.head(self.up(torch.cat([full, half], 1)))


def build() -> nn.Module:
    return UNet()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="masks of 0 and 1")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = cells(rng, 600)
    test_x, test_y = cells(rng, 200)
    y, test_y = (i.transpose(0, 3, 1, 2).astype(np.float32) for i in (y, test_y))
    if options.mended:
        y, test_y = y / 255, test_y / 255
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
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
            accuracy = ((answers > 0) == (test_y > 0)).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )
    both, either = (answers > 0) & (test_y > 0), (answers > 0) | (test_y > 0)
    print(f"in common: overlap {(both.sum() / either.sum()).item():.3f}")


if __name__ == "__main__":
    main()
