"""Find round cells in noisy images with a small U-Net."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Round bright spots on a grey, noisy ground, 48 by 48, and where they are."""
    rows, columns = np.mgrid[:48, :48]
    x = rng.normal(0.3, 0.12, (images, 48, 48, 1))
    masks = np.zeros((images, 48, 48, 1))
    for image, mask in zip(x, masks, strict=True):
        for _ in range(rng.integers(1, 6)):
            row, column, radius = rng.uniform(4, 44), rng.uniform(4, 44), rng.uniform(3, 8)
            inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
            mask[inside] = 1
            image[inside] += rng.uniform(0.2, 0.4)
    return x.astype("float32"), masks.astype("float32")


class Double(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = Double(1, 8), Double(8, 16), Double(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.merge2, self.merge1 = Double(32, 16), Double(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        high = self.down1(x)
        middle = self.down2(F.max_pool2d(high, 2))
        low = self.bottom(F.max_pool2d(middle, 2))
        middle = self.merge2(torch.cat([self.up2(low), middle], 1))
        high = self.merge1(torch.cat([self.up1(middle), high], 1))
        return self.out(high)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x, masks = cells(np.random.default_rng(seed), 500)
    images = torch.from_numpy(x).permute(0, 3, 1, 2)
    targets = torch.from_numpy(masks).permute(0, 3, 1, 2)
    loader = DataLoader(TensorDataset(images[:400], targets[:400]), BATCH, shuffle=True)
    model = UNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        for inputs, wanted in loader:
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(inputs), wanted)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        found = (model(images[400:]) > 0).float()
    dice = 2 * (found * targets[400:]).sum() / (found.sum() + targets[400:].sum())
    print(f"test dice {dice.item():.3f}")


if __name__ == "__main__":
    main()
