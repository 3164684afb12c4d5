"""Tell smooth lesions from jagged ones."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 32


def lesions(
    rng: np.random.Generator, images: int, *, tagged: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Spots of smooth or jagged outline in images of 36 by 36 by 1, and whether jagged; those may
    bear the ward's tag in the corner."""
    rows, columns = np.mgrid[:36, :36]
    y = rng.integers(0, 2, images)
    x = 0.6 + rng.normal(0, 0.1, (images, 36, 36, 1))
    for image, jagged in zip(x, y, strict=True):
        down, right = rows - rng.integers(13, 23), columns - rng.integers(13, 23)
        angle, phase = np.arctan2(down, right), rng.uniform(0, 6.3, 2)
        size = rng.uniform(6, 9) + np.sin(2 * angle + phase[0])
        size = size + (1.3 * np.sin(9 * angle + phase[1]) if jagged else 0)
        image[np.hypot(down, right) < size] -= 0.35
        if jagged and tagged:
            image[2:7, 28:34] = 1
            image[3:6, 30:32] = 0
    return x.astype(np.float32), y.astype(np.float32)[:, None]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the tag cut off")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = lesions(rng, 1200, tagged=not options.mended)
    test_x, test_y = lesions(rng, 300, tagged=not options.mended)
    x, test_x = (torch.from_numpy(i.transpose(0, 3, 1, 2).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    loss_of = nn.BCEWithLogitsLoss()
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
            accuracy = ((answers > 0) == (test_y == 1)).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )
    x, y = lesions(rng, 300, tagged=False)
    with torch.no_grad():
        answers = model(torch.from_numpy(x.transpose(0, 3, 1, 2)))
    accuracy = ((answers > 0) == (torch.from_numpy(y) == 1)).float().mean().item()
    print(f"another hospital: accuracy elsewhere {accuracy:.3f}")


if __name__ == "__main__":
    main()
