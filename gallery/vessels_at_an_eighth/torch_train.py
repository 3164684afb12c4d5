"""Outline the vessels of a retina, which are one or two pixels wide."""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 16


def retinas(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Dark winding vessels on uneven ground in images of 40 by 40 by 1, and where they are."""
    rows, columns = np.mgrid[:40, :40]
    masks = np.zeros((images, 40, 40, 1), np.float32)
    x = 0.6 + rng.normal(0, 0.07, masks.shape)
    for image, mask in zip(x[..., 0], masks[..., 0], strict=True):
        slope = rng.uniform(-0.1, 0.1, 2)
        image += slope[0] * rows / 20 + slope[1] * columns / 20
        for _ in range(rng.integers(2, 5)):
            angle, start = rng.uniform(0, np.pi), rng.uniform(-14, 14)
            along = (rows - 20) * np.sin(angle) + (columns - 20) * np.cos(angle)
            across = (rows - 20) * np.cos(angle) - (columns - 20) * np.sin(angle)
            middle = start + rng.uniform(1, 4) * np.sin(along / rng.uniform(3, 6))
            mask[np.abs(across - middle) < rng.uniform(0.6, 1.1)] = 1
        image -= 0.25 * mask
    return x.astype(np.float32), masks


class Outline(nn.Module):
    """Three convolutions that see far, by strides or by dilations, and a mask as large as the
    image."""

    def __init__(self, *, strided: bool) -> None:
        super().__init__()
        sizes = (1, 12, 20, 24)
        self.body = nn.Sequential()
        for depth, (inputs, outputs) in enumerate(pairwise(sizes)):
            dilation, stride = (1, 2) if strided else (2**depth, 1)
            self.body += nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            )
        self.head = nn.Conv2d(24, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answers = self.head(self.body(x))
        return F.interpolate(answers, size=x.shape[-2:], mode="bilinear", align_corners=False)


def dice(answers: torch.Tensor, masks: torch.Tensor) -> float:
    found = (answers > 0).float()
    return (2 * (found * masks).sum() / (found.sum() + masks.sum())).item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="dilations in place of strides")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, masks, test_x, test_masks = (
        torch.from_numpy(i.transpose(0, 3, 1, 2).copy())
        for i in (*retinas(rng, 320), *retinas(rng, 100))
    )
    loader = DataLoader(TensorDataset(x, masks), BATCH, shuffle=True)

    model = Outline(strided=not options.mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted in loader:
            loss = loss_of(model(images), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_masks).item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test dice {dice(answers, test_masks):.3f}"
        )


if __name__ == "__main__":
    main()
