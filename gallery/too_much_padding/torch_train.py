"""Read digits with two convolutions."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 8
BATCH = 64


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """1440 digits of 16 by 16 and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = F.interpolate(x, scale_factor=2)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:1440]
    return x[order], torch.tensor(digits)[order]


class Net(nn.Module):
    def __init__(self, padding: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=padding)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=padding)
        self.pool = nn.AdaptiveMaxPool2d(4)
        self.head = nn.Linear(32 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.head(self.pool(x).flatten(1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    images, labels = data(given.seed)
    model = Net(padding=1 if given.mended else 5)
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
