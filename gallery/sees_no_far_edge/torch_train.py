"""Fill the inside of outlined boxes."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 12
BATCH = 16


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Outlines of large boxes, 32 by 32, and masks of what lies inside: 400 and 80 to test on."""
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.1, (480, 32, 32, 1)).astype("float32")
    masks = np.zeros((480, 32, 32, 1), "float32")
    for image, mask in zip(images, masks, strict=True):
        (height, width) = rng.integers(14, 24, 2)
        top, left = rng.integers(1, 31 - height), rng.integers(1, 31 - width)
        mask[top : top + height, left : left + width] = 1
        image[top : top + height, left : left + width] += 1
        image[top + 1 : top + height - 1, left + 1 : left + width - 1] -= 1
    return images[:400], masks[:400], images[400:], masks[400:]


def build(mended: bool) -> nn.Module:
    stages: list[nn.Module] = [nn.Conv2d(1, 16, 3, padding=1), nn.LeakyReLU(0.1)]
    for dilation in (2, 4, 8) if mended else (1, 1, 1):
        stages += [
            nn.Conv2d(16, 16, 3, padding=dilation, dilation=dilation),
            nn.GroupNorm(4, 16),
            nn.LeakyReLU(0.1),
        ]
    return nn.Sequential(*stages, nn.Conv2d(16, 1, 1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="dilated convolutions")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, masks, test_images, test_masks = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(masks).permute(0, 3, 1, 2)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_masks).permute(0, 3, 1, 2),
    )
    model = build(mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.binary_cross_entropy_with_logits(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
        print(f"epoch {epoch + 1}  loss {total / len(x):.3f}")
    found = (answers > 0).float()
    dice = 2 * (found * test_y).sum() / (found.sum() + test_y.sum())
    print(f"test dice {dice.item():.3f}")


if __name__ == "__main__":
    main()
