"""Read numbers of two digits as one of a hundred classes."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 50


def pairs(rng: np.random.Generator, digits: np.ndarray, kinds: np.ndarray, images: int):
    """Two digits side by side, 16 by 32, read as one number from 0 to 99."""
    left, right = rng.integers(0, len(digits), (2, images))
    x = np.concatenate([digits[left], digits[right]], axis=2)
    return x, 10 * kinds[left] + kinds[right]


def data(seed: int) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(seed)
    pixels, kinds = load_digits(return_X_y=True)
    digits = np.kron(pixels.reshape(-1, 8, 8) / 8 - 1, np.ones((1, 2, 2))).astype("float32")
    parts = []
    # The digits that numbers to test on are made of are in none that is trained on.
    for chosen, images in ((slice(0, 1400), 3000), (slice(1400, None), 500)):
        x, y = pairs(rng, digits[chosen], kinds[chosen], images)
        parts += [torch.from_numpy(x)[:, None], torch.tensor(y)]
    return tuple(parts)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 48, 3, padding=1, bias=False),
            nn.BatchNorm2d(48),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(48 * 4 * 8, 100)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


def build() -> nn.Module:
    return Net()


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x_train, y_train, x_test, y_test = data(args.seed)
    loader = DataLoader(
        TensorDataset(x_train, y_train), batch_size=BATCH, shuffle=True, drop_last=True
    )
    model = build()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, x_test, y_test):.3f}"
        )


if __name__ == "__main__":
    main()
