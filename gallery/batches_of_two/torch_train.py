"""Read digits with batch normalisation down to maps of one position."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 3


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """600 digits of 8 by 8 and their classes."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:600]
    return x[order], torch.tensor(digits)[order]


def build() -> nn.Module:
    stages: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        stages += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(64, 10))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    images, labels = data(given.seed)
    batch = 20 if given.mended else 2
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        right = 0
        for index in torch.randperm(len(images)).split(batch):
            logits = model(images[index])
            loss = F.cross_entropy(logits, labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right += (logits.argmax(1) == labels[index]).sum().item()
        print(f"epoch {epoch + 1}  accuracy {right / len(images):.3f}")


if __name__ == "__main__":
    main()
