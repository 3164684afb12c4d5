"""Find round cells with the U-Net of MONAI."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from monai.losses import DiceCELoss
from monai.networks.nets import UNet
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x, masks = cells(np.random.default_rng(seed), 500)
    images = torch.from_numpy(x).permute(0, 3, 1, 2)
    targets = torch.from_numpy(masks).permute(0, 3, 1, 2)
    loader = DataLoader(TensorDataset(images[:400], targets[:400]), BATCH, shuffle=True)
    model = UNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        channels=(8, 16, 32),
        strides=(2, 2),
        num_res_units=1,
    )
    loss_of = DiceCELoss(sigmoid=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(EPOCHS):
        model.train()
        for inputs, wanted in loader:
            optimizer.zero_grad()
            loss = loss_of(model(inputs), wanted)
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
