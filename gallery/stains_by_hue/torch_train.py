"""Name the stain of tissue: four of them, which differ in colour."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 50
STAINS = np.array([[0.50, 0.25, 0.62], [0.62, 0.25, 0.50], [0.62, 0.50, 0.25], [0.25, 0.50, 0.62]])


def tissue(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Stained cells on pale ground, 3 by 32 by 32, and by which of four stains. How strong it is
    differs from slide to slide."""
    rows, columns = np.mgrid[:32, :32]
    y = rng.integers(0, 4, images)
    x = np.empty((images, 3, 32, 32))
    for image, stain in zip(x, y, strict=True):
        depth = np.full((32, 32), 0.15)
        for _ in range(rng.integers(4, 9)):
            row, column = rng.uniform(0, 32, 2)
            far = np.hypot(rows - row, columns - column)
            depth += rng.uniform(0.4, 1) * (far < rng.uniform(2, 5))
        strength = rng.uniform(0.7, 1.3)
        image[:] = np.exp(-strength * depth * 2 * (1 - STAINS[stain][:, None, None]))
        image += rng.normal(0, 0.06, image.shape)
    return x.astype(np.float32), y


def augmented(images: torch.Tensor, *, any_colour: bool) -> torch.Tensor:
    """Flipped at random and a little lighter or darker; with their colours exchanged, if wanted."""
    images = torch.stack([i.flip(2) if torch.rand(()) < 0.5 else i for i in images])
    if any_colour:
        images = torch.stack([i[torch.randperm(3)] for i in images])
    return images + 0.05 * torch.randn(len(images), 1, 1, 1)


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.GELU(),
        nn.AvgPool2d(2),
    )


def build() -> nn.Module:
    return nn.Sequential(
        block(3, 16),
        block(16, 24),
        block(24, 32),
        nn.Flatten(),
        nn.Linear(32 * 16, 32),
        nn.GELU(),
        nn.Linear(32, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="colours left as they are")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = tissue(rng, 1000), tissue(rng, 400)
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    loader = DataLoader(data, BATCH, shuffle=True)
    test_images, test_labels = torch.from_numpy(test_x), torch.from_numpy(test_y)

    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            answers = model(augmented(images, any_colour=not options.mended))
            loss = loss_of(answers, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        model.eval()
        with torch.no_grad():
            answers = model(test_images)
            test_loss = loss_of(answers, test_labels).item()
            accuracy = (answers.argmax(1) == test_labels).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
