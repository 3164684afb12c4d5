"""Say whether two scans show the same digit, by how far apart their codes are."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

STEPS = 500
BATCH = 48


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The digits in random order, 8 by 8 by 1, values from 0 to 1, and their names."""
    data = load_digits()
    order = rng.permutation(len(data.target))
    return data.images.astype(np.float32)[order, :, :, None] / 16, data.target[order]


def couples(rng: np.random.Generator, y: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of two digits each, half of the couples of the same name, and whether they are."""
    first = rng.integers(0, len(y), number)
    same = rng.random(number) < 0.5
    alike = (y[first, None] == y) == same[:, None]
    second = [rng.choice(np.flatnonzero(row)) for row in alike]
    return np.stack([first, second]), same.astype(np.float32)


class Codes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1),
            nn.GroupNorm(4, 24),
            nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1),
            nn.GroupNorm(4, 32),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(48 * 4, 16),
        )

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """How far apart the codes of two images are."""
        return (self.body(first) - self.body(second)).square().sum(1).add(1e-6).sqrt()


def contrast(far: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Hadsell, Chopra and LeCun (2006): the same together, others at least 1 apart."""
    return (same * far**2 + (1 - same) * (1 - far).clamp(min=0) ** 2).mean()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng)
    images = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    train, test = images[:1400], images[1400:]
    (first, second), test_same = couples(rng, y[1400:], 400)
    test_same = torch.from_numpy(test_same)

    model = Codes()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    total = 0.0
    for step in range(1, STEPS + 1):
        chosen, same = couples(rng, y[:1400], BATCH)
        optimizer.zero_grad()
        loss = contrast(model(train[chosen[0]], train[chosen[1]]), torch.from_numpy(same))
        loss.backward()
        optimizer.step()
        total += loss.item()
        if step % 50 == 0:
            with torch.no_grad():
                far = model(test[first], test[second])
            test_loss = contrast(far, test_same).item()
            accuracy = ((far < 0.5) == (test_same == 1)).float().mean().item()
            print(
                f"epoch {step // 50}  loss {total / 50:.3f}  "
                f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
            )
            total = 0.0


if __name__ == "__main__":
    main()
