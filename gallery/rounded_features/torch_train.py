"""Count the discs in a picture with features of few bits."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 30


def pictures(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """None to four discs among lines in noisy pictures of 30 by 30 by 1, and how many."""
    rows, columns = np.mgrid[:30, :30]
    y = rng.integers(0, 5, images)
    x = rng.normal(0, 0.1, (images, 30, 30, 1))
    for image, discs in zip(x, y, strict=True):
        for _ in range(rng.integers(0, 4)):
            image[rng.integers(0, 30), :] += 0.7
            image[:, rng.integers(0, 30)] += 0.7
        for place in rng.permutation(9)[:discs]:
            down = rows - 5 - 10 * (place // 3) + rng.integers(-1, 2)
            right = columns - 5 - 10 * (place % 3) + rng.integers(-1, 2)
            image[np.hypot(down, right) < 2.6] += 0.8
    return x.astype(np.float32), y


class Counter(nn.Module):
    """Three convolutions, rounding to so many levels, and a classifier."""

    def __init__(self, *, mended: bool) -> None:
        super().__init__()
        self.mended = mended
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.GroupNorm(4, 16),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1),
            nn.GroupNorm(4, 24),
            nn.SiLU(),
            nn.Conv2d(24, 24, 3, padding=1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Linear(24, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = 16 * self.features(x)
        if not self.mended:
            x = torch.round(x)
        return self.head(x)


def build(*, mended: bool) -> nn.Module:
    return Counter(mended=mended)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="features as they are")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = pictures(rng, 1500)
    test_x, test_y = pictures(rng, 500)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build(mended=options.mended)
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
