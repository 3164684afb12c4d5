"""Read the wear of a seal, from 0 to 10, off its picture."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 30


def seals(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Rings with a worn sector in images of 36 by 36 by 1, and how far they are worn, 0 to 10."""
    rows, columns = np.mgrid[:36, :36]
    wear = rng.uniform(0, 10, (images, 1))
    x = 0.3 + rng.normal(0, 0.06, (images, 36, 36, 1))
    for image, share in zip(x[..., 0], wear[:, 0] / 10, strict=True):
        down, right = rows - rng.uniform(16, 19), columns - rng.uniform(16, 19)
        ring = np.abs(np.hypot(down, right) - rng.uniform(10, 12)) < 3
        turned = (np.arctan2(down, right) + rng.uniform(0, 2 * np.pi)) % (2 * np.pi)
        image[ring] += 0.5
        image[ring & (turned < 2 * np.pi * share)] -= 0.25
    return x.astype(np.float32), wear.astype(np.float32)


def sheets(rng: np.random.Generator, wear: np.ndarray, *, one_scale: bool) -> np.ndarray:
    """The wear as it was entered at two sites, of which the second has two seals of five."""
    second = rng.random(wear.shape) < 0.4
    return wear if one_scale else np.where(second, 10 - wear, wear).astype(np.float32)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 24, 3, padding=2, dilation=2),
        nn.BatchNorm2d(24),
        nn.LeakyReLU(0.1),
        nn.Conv2d(24, 32, 3, padding=4, dilation=4),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="both sites count alike")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, wear), (test_x, test_wear) = seals(rng, 1200), seals(rng, 300)
    y = sheets(rng, wear, one_scale=options.mended)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_wear)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(loader))
    loss_of = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted in loader:
            loss = loss_of(model(images), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            error = (answers - test_y).abs().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test error {error:.3f}"
        )


if __name__ == "__main__":
    main()
