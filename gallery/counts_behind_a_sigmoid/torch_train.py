"""Count the bacteria in a drop of water, one to nine."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 9
BATCH = 32


def drops(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Short rods in images of 32 by 32 by 1, and how many there are, one to nine."""
    rows, columns = np.mgrid[:32, :32]
    numbers = rng.integers(1, 10, (images, 1))
    x = 0.4 + rng.normal(0, 0.05, (images, 32, 32, 1))
    for image, number in zip(x[..., 0], numbers[:, 0], strict=True):
        for place in rng.permutation(16)[:number]:
            row, column = 8 * np.array(divmod(place, 4)) + rng.uniform(2.5, 5.5, 2)
            angle = rng.uniform(0, np.pi)
            down, right = rows - row, columns - column
            along = down * np.sin(angle) + right * np.cos(angle)
            across = down * np.cos(angle) - right * np.sin(angle)
            image[(np.abs(along) < 2.5) & (np.abs(across) < 1.1)] += 0.4
    return x.astype(np.float32), numbers.astype(np.float32)


class Unit(nn.Module):
    """Widened, looked at channel by channel, narrowed, and added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 3 * channels
        self.body = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(),
            nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


def build(*, squashed: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 4, stride=2, padding=1),
        nn.Hardswish(),
        Unit(12),
        nn.MaxPool2d(2),
        Unit(12),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 1),
        nn.Sigmoid() if squashed else nn.Identity(),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="no sigmoid behind the count")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, numbers), (test_x, test_numbers) = drops(rng, 1200), drops(rng, 300)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    numbers, test_numbers = torch.from_numpy(numbers), torch.from_numpy(test_numbers)
    loader = DataLoader(TensorDataset(x, numbers), BATCH, shuffle=True)

    model = build(squashed=not options.mended)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    loss_of = nn.HuberLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), wanted)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_numbers).item()
            error = (answers - test_numbers).abs().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test error {error:.3f}"
        )


if __name__ == "__main__":
    main()
