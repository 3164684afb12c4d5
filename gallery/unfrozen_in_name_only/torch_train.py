"""See which way a fish swims: the head learns first, then everything."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 9
THAW = 2
BATCH = 32


def fish(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Fish in murky water, 1 by 36 by 36, and in which of eight directions they swim."""
    rows, columns = np.mgrid[:36, :36]
    y = rng.integers(0, 8, images)
    x = rng.normal(0.4, 0.1, (images, 1, 36, 36))
    for image, way in zip(x[:, 0], y, strict=True):
        down, right = rows - rng.uniform(12, 24), columns - rng.uniform(12, 24)
        angle = np.pi * way / 4 + rng.uniform(-0.25, 0.25)
        along = right * np.cos(angle) + down * np.sin(angle)
        across = np.abs(down * np.cos(angle) - right * np.sin(angle))
        body = (along / 7) ** 2 + (across / 3) ** 2 < 1
        tail = (along < -5) & (along > -10) & (across < -5 - along + 1.5)
        image[body | tail] += rng.uniform(0.3, 0.5)
    return x.astype(np.float32), y


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 16), (16, 24), (24, 32)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.Hardswish(),
                nn.MaxPool2d(2),
            ]
        self.backbone = nn.Sequential(*layers, nn.Conv2d(32, 32, 3, padding=1), nn.Hardswish())
        self.head = nn.Linear(32, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x).mean((2, 3)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="the attribute spelt right")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in fish(rng, 1500))
    test_x, test_y = (torch.from_numpy(i) for i in fish(rng, 400))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = Network()
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        if epoch == THAW:
            for parameter in model.backbone.parameters():
                if options.mended:
                    parameter.requires_grad = True
                else:
                    parameter.require_grad = True
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
