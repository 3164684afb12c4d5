"""Find the one part on a conveyor: its box and its kind."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 32


def parts(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures of 40 by 40 by 1 with a washer, a plate or a cross; its box as the row and column of
    its middle and its half height and half width, in shares of the picture; and its kind."""
    rows, columns = np.mgrid[:40, :40]
    kinds = rng.integers(0, 3, images)
    boxes = rng.uniform((12, 12, 5, 5), (28, 28, 10, 10), (images, 4))
    x = 0.4 + rng.normal(0, 0.08, (images, 40, 40, 1))
    for image, kind, (row, column, high, wide) in zip(x[..., 0], kinds, boxes, strict=True):
        down, right = np.abs(rows - row) / high, np.abs(columns - column) / wide
        inside = np.maximum(down, right) < 1
        if kind == 0:
            inside = np.abs(np.hypot(down, right) - 0.75) < 0.25
        if kind == 2:
            inside &= np.minimum(down, right) < 0.35
        image[inside] += rng.uniform(0.25, 0.5)
    return x.astype(np.float32), (boxes / 40).astype(np.float32), kinds


class Unit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=2)
        self.bent = nn.PReLU(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bent(self.norm1(self.conv1(x)))
        return self.norm2(self.conv2(y)) + self.shortcut(x)


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            Unit(1, 16), nn.PReLU(), Unit(16, 24), nn.PReLU(), Unit(24, 32), nn.PReLU()
        )
        self.box = nn.Sequential(nn.Flatten(), nn.Linear(32 * 25, 4))
        self.kind = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.trunk(x)
        return self.box(x), self.kind(x)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, boxes, kinds = (torch.from_numpy(i) for i in parts(rng, 1200))
    test_x, test_boxes, test_kinds = (torch.from_numpy(i) for i in parts(rng, 300))
    x, test_x = x.permute(0, 3, 1, 2).contiguous(), test_x.permute(0, 3, 1, 2).contiguous()
    loader = DataLoader(TensorDataset(x, boxes, kinds), BATCH, shuffle=True)

    model = Detector()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    steps = EPOCHS * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    far, wrong = nn.SmoothL1Loss(beta=0.05), nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted_boxes, wanted_kinds in loader:
            found, named = model(images)
            loss = 5 * far(found, wanted_boxes) + wrong(named, wanted_kinds)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            found, named = model(test_x)
            off = 40 * (found - test_boxes).abs().mean().item()
            accuracy = (named.argmax(1) == test_kinds).float().mean().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"pixels off {off:.2f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
