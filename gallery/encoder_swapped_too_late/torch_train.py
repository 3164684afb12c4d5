"""Tell eight weaves of cloth under a raking light."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 32


def cloths(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of cloth, 30 by 30 by 1, and which of eight weaves: threads at one of four angles,
    close or less close."""
    rows, columns = np.mgrid[:30, :30]
    y = rng.integers(0, 8, images)
    x = rng.normal(0, 0.7, (images, 30, 30, 1))
    for image, weave in zip(x[..., 0], y, strict=True):
        angle = np.pi / 4 * (weave % 4) + rng.uniform(-0.15, 0.15)
        period = (4.0, 5.2)[weave // 4]
        across = rows * np.cos(angle) - columns * np.sin(angle)
        image += 0.5 * np.sin(2 * np.pi * across / period + rng.uniform(0, 6.3))
    return x.astype(np.float32), y


def encoder(bands: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(bands, 12, 5, padding=2),
        nn.BatchNorm2d(12),
        nn.PReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(12, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.PReLU(),
        nn.Conv2d(16, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.PReLU(),
    )


class Weaves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = encoder(bands=3)
        self.head = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(x).mean((2, 3)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mended", action="store_true", help="the encoder first, then the optimizer"
    )
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = cloths(rng, 1200), cloths(rng, 300)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = Weaves()
    if options.mended:
        model.encoder = encoder(bands=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    if not options.mended:
        model.encoder = encoder(bands=1)
    loss_of = nn.CrossEntropyLoss()
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
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
