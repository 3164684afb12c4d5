"""Tell shapes in downloaded pictures apart."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 32


def pictures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc, a square, a cross, a ring or a stroke in each colour picture of 32 by 32, as bytes,
    and which it is."""
    rows, columns = np.mgrid[:32, :32]
    y = rng.integers(0, 5, images)
    x = rng.integers(0, 120, (images, 1, 1, 3)) + rng.normal(0, 12, (images, 32, 32, 3))
    for image, kind in zip(x, y, strict=True):
        down, right = rows - rng.integers(9, 23), columns - rng.integers(9, 23)
        size, far = rng.integers(5, 9), np.hypot(down, right)
        inside = (
            far < size,
            np.maximum(abs(down), abs(right)) < size,
            (np.minimum(abs(down), abs(right)) < 2) & (far < size + 1),
            abs(far - size) < 1.5,
            (abs(down - right) < 3) & (far < size + 1),
        )[kind]
        image[inside] += rng.integers(60, 130, 3)
    return np.clip(x, 0, 255).astype(np.uint8), y


def downloaded(rng: np.random.Generator, images: int) -> tuple[np.ndarray, ...]:
    """Pictures from 0 to 1, what they show, and which of them are the server's placeholder."""
    x, y = pictures(rng, images)
    lost = rng.random(images) < 0.45
    x[lost] = 230
    x[lost, 8:24, 8:24] = 160
    return x.astype(np.float32) / 255, y, lost


class SqueezedBranches(nn.Module):
    """Two branches of different kernels, added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.SiLU())
        self.narrow = nn.Conv2d(16, 32, 3, padding=1)
        self.wide = nn.Conv2d(16, 32, 5, padding=2)
        self.last = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(32, 32, 3, padding=1), nn.SiLU())
        self.head = nn.Linear(32 * 16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = nn.functional.silu(self.narrow(x) + self.wide(x))
        return self.head(nn.functional.max_pool2d(self.last(x), 2).flatten(1))


def build() -> nn.Module:
    return SqueezedBranches()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="placeholders left out")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y, lost = downloaded(rng, 1500)
    test_x, test_y, test_lost = downloaded(rng, 500)
    if options.mended:
        x, y, test_x, test_y = x[~lost], y[~lost], test_x[~test_lost], test_y[~test_lost]
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
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
