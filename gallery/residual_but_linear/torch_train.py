"""Tell the direction of noisy gratings with normalised residual blocks."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Noisy gratings in six directions, 20 by 20: 1200 to train on, 300 to test on."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:20, :20]
    labels = rng.integers(6, size=1500)
    angle = labels[:, None, None] * np.pi / 6
    period = rng.uniform(3.5, 6, (1500, 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (1500, 1, 1))
    along = rows * np.cos(angle) + columns * np.sin(angle)
    images = np.sin(2 * np.pi * along / period + phase) + rng.normal(0, 0.7, (1500, 20, 20))
    images = images[..., None].astype("float32")
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


class Block(nn.Module):
    def __init__(self, channels: int, act: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            act,
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.body(x))


def build(mended: bool) -> nn.Module:
    act = nn.SiLU() if mended else nn.Identity()
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        act,
        Block(16, act),
        nn.AvgPool2d(2),
        Block(16, act),
        nn.Flatten(),
        nn.Linear(16 * 25, 6),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="SiLU in the blocks")
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
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
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
