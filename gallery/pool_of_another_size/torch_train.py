"""Read digits that lie anywhere in a noisy picture."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 12
BATCH = 32


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """600 pictures of 28 by 28: ones, twos and zeros of 8 by 8, anywhere in noise."""
    rng = np.random.default_rng(seed)
    pixels, digits = load_digits(n_class=3, return_X_y=True)
    chosen = rng.integers(0, len(digits), 600)
    images = rng.uniform(0, 0.2, (600, 1, 28, 28))
    for image, one in zip(images, pixels[chosen], strict=True):
        row, column = rng.integers(0, 21, 2)
        image[0, row : row + 8, column : column + 8] += one.reshape(8, 8) / 16
    return torch.tensor(images, dtype=torch.float32), torch.tensor(digits[chosen])


class Net(nn.Module):
    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            pool,
        )
        self.head = nn.Linear(64, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).flatten(1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    images, labels = data(given.seed)
    # The size that maps had when the pictures were smaller.
    model = Net(nn.AdaptiveMaxPool2d(1) if given.mended else nn.MaxPool2d(8))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        right = 0
        for index in torch.randperm(len(images)).split(BATCH):
            logits = model(images[index])
            loss = F.cross_entropy(logits, labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right += (logits.argmax(1) == labels[index]).sum().item()
        print(f"epoch {epoch + 1}  accuracy {right / len(images):.3f}")


if __name__ == "__main__":
    main()
