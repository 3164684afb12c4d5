"""Tell traffic signs apart by colour and form."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 5
BATCH = 40


def signs(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Red, blue or green signs, round or square, in pictures of 28 by 28 by 3; and which."""
    rows, columns = np.mgrid[:28, :28]
    y = rng.integers(0, 6, images)
    x = rng.uniform(0.1, 0.5, (images, 1, 1, 3)) + rng.normal(0, 0.05, (images, 28, 28, 3))
    for image, kind in zip(x, y, strict=True):
        down, right = rows - rng.integers(8, 20), columns - rng.integers(8, 20)
        size = rng.integers(4, 8)
        far = np.hypot(down, right) if kind < 3 else np.maximum(abs(down), abs(right))
        image[far <= size] = 0.15
        image[far <= size, kind % 3] = rng.uniform(0.6, 1)
    return x.astype(np.float32), y


class TwoScales(nn.Module):
    """Fine and coarse features side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.1),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1),
            nn.BatchNorm2d(24),
            nn.LeakyReLU(0.1),
            nn.AdaptiveMaxPool2d(1),
        )
        self.coarse = nn.Sequential(
            nn.Conv2d(3, 24, 7, stride=3),
            nn.BatchNorm2d(24),
            nn.LeakyReLU(0.1),
            nn.AdaptiveMaxPool2d(1),
        )
        self.head = nn.Linear(48, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.cat([self.fine(x), self.coarse(x)], 1).flatten(1))


def build() -> nn.Module:
    return TwoScales()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the test images' channels in order")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = signs(rng, 1200)
    test_x, test_y = signs(rng, 500)
    test_x = test_x[..., ::-1]  # As OpenCV reads them.
    if options.mended:
        test_x = test_x[..., ::-1]
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
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
