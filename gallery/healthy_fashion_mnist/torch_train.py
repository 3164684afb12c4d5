"""Tell clothes apart, with all 60,000 images of Fashion-MNIST."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 128


FOLDER = Path("/usr/share/datasets/fashion-mnist")


def read(name: str, header: int) -> np.ndarray:
    with gzip.open(FOLDER / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def data(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """`part`: train or t10k."""
    x = torch.tensor(read(f"{part}-images-idx3-ubyte.gz", 16)).reshape(-1, 1, 28, 28)
    y = torch.tensor(read(f"{part}-labels-idx1-ubyte.gz", 8)).long()
    return (x.float() / 255 - 0.286) / 0.353, y


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.skip is None else self.skip(x)))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    told = torch.cat([model(part).argmax(1) for part in images.split(1000)])
    return (told == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    images, labels = data("train")
    test_images, test_labels = data("t10k")
    loader = DataLoader(TensorDataset(images, labels), BATCH, shuffle=True)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(loader))
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, test_images, test_labels):.3f}"
        )


if __name__ == "__main__":
    main()
