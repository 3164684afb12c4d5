"""Judge how far a photograph is out of focus, from small pieces of it."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 32
BLURS = (0.0, 0.8, 1.6, 3.0)


def pieces(rng: np.random.Generator, count: int, *, left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Grey pieces of 1 by 24 by 24 of two photographs, from the left two thirds or from the rest,
    and which of four blurs they have. Pieces without detail are left out."""
    greys = [photo.mean(2) / 255 for photo in load_sample_images().images]
    blurred = [[gaussian_filter(grey, blur) for blur in BLURS] for grey in greys]
    x, y = [], []
    while len(x) < count:
        photo, blur = rng.integers(len(greys)), rng.integers(len(BLURS))
        row = rng.integers(0, 400)
        column = rng.integers(0, 400) if left else rng.integers(430, 610)
        window = np.s_[row : row + 24, column : column + 24]
        if greys[photo][window].std() > 0.1:
            piece = blurred[photo][blur][window] + rng.normal(0, 0.02, (24, 24))
            x.append((piece - piece.mean()) / piece.std())
            y.append(blur)
    return np.array(x, np.float32)[:, None], np.array(y)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, stride=2, padding=1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.Conv2d(24, 32, 3, stride=2, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, len(BLURS)),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the schedule's length in steps")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in pieces(rng, 1600, left=True))
    test_x, test_y = (torch.from_numpy(i) for i in pieces(rng, 400, left=False))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    length = EPOCHS * len(loader) if options.mended else EPOCHS
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=length)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            loss = loss_of(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
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
