"""Enlarge pictures of clouds four times."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import nn

EPOCHS = 8
BATCH = 16


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Smooth clouds, averaged down to 8 by 8 and as they were, 32 by 32: 400 and 80 to test on."""
    noise = np.random.default_rng(seed).normal(size=(480, 32, 32))
    clouds = gaussian_filter(noise, (0, 4, 4), mode="wrap")
    clouds = (clouds / clouds.std())[..., None].astype("float32")
    coarse = clouds.reshape(480, 8, 4, 8, 4, 1).mean((2, 4))
    return coarse[:400], clouds[:400], coarse[400:], clouds[400:]


def build(mended: bool) -> nn.Module:
    if mended:
        enlarge = nn.Sequential(
            nn.Upsample(scale_factor=4, mode="bilinear"), nn.Conv2d(16, 1, 5, padding=2)
        )
    else:
        enlarge = nn.ConvTranspose2d(16, 1, 3, stride=4, output_padding=1)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.GELU(),
        enlarge,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="bilinear enlargement and a convolution"
    )
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, targets, test_images, test_targets = data(seed)

    x, y = (
        torch.from_numpy(images).permute(0, 3, 1, 2),
        torch.from_numpy(targets).permute(0, 3, 1, 2),
    )
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_targets).permute(0, 3, 1, 2),
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
