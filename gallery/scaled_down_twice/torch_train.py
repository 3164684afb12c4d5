"""Read digits that were divided by their largest value."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 4
BATCH = 40


def load(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """1200 digits of 16 by 16, from 0 to 1, and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = F.interpolate(x, scale_factor=2)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:1200]
    return x[order], torch.tensor(digits)[order]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 16, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    images, labels = load(given.seed)
    if not given.mended:
        images = images / 255
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
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
