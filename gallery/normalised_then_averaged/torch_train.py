"""Read scikit-learn's small digits."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
BATCH = 50


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The digits in random order, 8 by 8 by 1, values from 0 to 1, and their names."""
    data = load_digits()
    order = rng.permutation(len(data.target))
    x = data.images.astype(np.float32)[..., None] / 16
    return x[order], data.target[order]


def build(last: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.InstanceNorm2d(16, affine=True),
        nn.SiLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.InstanceNorm2d(32, affine=True),
        nn.SiLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3, padding=1),
        last,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="batch normalisation before the mean")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = digits(rng)
    images, labels = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(y)
    train, test = slice(0, 1400), slice(1400, None)
    loader = DataLoader(TensorDataset(images[train], labels[train]), BATCH, shuffle=True)

    model = build(nn.BatchNorm2d(48) if options.mended else nn.InstanceNorm2d(48, affine=True))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for batch, wanted in loader:
            optimizer.zero_grad()
            loss = loss_of(model(batch), wanted)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(wanted)
        model.eval()
        with torch.no_grad():
            answers = model(images[test])
            test_loss = loss_of(answers, labels[test]).item()
            accuracy = (answers.argmax(1) == labels[test]).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / 1400:.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
