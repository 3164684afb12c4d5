"""Read two digits that lie anywhere in a noisy picture, from few pictures."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 15
BATCH = 20


def data(seed: int) -> tuple[TensorDataset, TensorDataset]:
    """Zeros and ones of 8 by 8, anywhere in 32 by 32: 200 to train on, 200 to test on."""
    rng = np.random.default_rng(seed)
    pixels, digits = load_digits(n_class=2, return_X_y=True)
    chosen = rng.permutation(len(digits))[:300]
    chosen = np.concatenate([np.tile(chosen[:150], 2)[:200], np.tile(chosen[150:], 2)[:200]])
    images = rng.uniform(0, 0.3, (400, 1, 32, 32))
    for image, one in zip(images, pixels[chosen], strict=True):
        row, column = rng.integers(0, 25, 2)
        image[0, row : row + 8, column : column + 8] += one.reshape(8, 8) / 16
    x, y = torch.tensor(images, dtype=torch.float32), torch.tensor(digits[chosen])
    return TensorDataset(x[:200], y[:200]), TensorDataset(x[200:], y[200:])


class Net(nn.Module):
    def __init__(self, mended: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 5, padding=2)
        self.gather = nn.AdaptiveMaxPool2d(1) if mended else nn.Identity()
        self.dense = nn.Linear(16 if mended else 16 * 32 * 32, 32)
        self.head = nn.Linear(32, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.head(F.relu(self.dense(self.gather(x).flatten(1))))


@torch.no_grad()
def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    train, test = data(given.seed)
    loader = DataLoader(train, batch_size=BATCH, shuffle=True)
    model = Net(given.mended)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        known, unknown = (
            accuracy(model, loader),
            accuracy(model, DataLoader(test, batch_size=BATCH)),
        )
        print(f"epoch {epoch + 1}  accuracy {known:.3f}  test accuracy {unknown:.3f}")


if __name__ == "__main__":
    main()
