"""Read digits of 8 by 8 with normalised convolutions."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 6
BATCH = 40


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 8 by 8 and their classes: 1200 to train on, 597 to test on."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    images, labels = (pixels[order] / 8 - 1).reshape(-1, 8, 8, 1).astype("float32"), labels[order]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def build(mended: bool) -> nn.Module:
    stages: list[nn.Module] = []
    inputs = 1
    for outputs in (12, 24, 32):
        for layer in range(1 if mended else 12):
            stride = 2 if layer == 0 else 1
            stages += [
                nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
            inputs = outputs
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(32, 10))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="one convolution of each size")
    options = parser.parse_args()
    seed, mended = options.seed, options.mended
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)

    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    test_x, test_y = (
        torch.from_numpy(test_images).permute(0, 3, 1, 2),
        torch.from_numpy(test_labels),
    )
    model = build(mended)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = F.cross_entropy(answers, test_y).item()
            accuracy = (answers.argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
