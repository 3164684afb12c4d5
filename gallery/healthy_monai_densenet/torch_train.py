"""Tell stripes apart with the DenseNet of MONAI."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from monai.networks.nets import DenseNet
from torch import nn

EPOCHS = 5
BATCH = 30
SIZE = 48


def gratings(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Stripes in one of eight directions, of any phase and many widths, under noise."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    y = rng.integers(0, 8, images)
    angle = y * np.pi / 8 + rng.normal(0, 0.05, images)
    pitch, phase = rng.uniform(0.5, 1.1, images), rng.uniform(0, 2 * np.pi, images)
    along = np.multiply.outer(pitch * np.cos(angle), columns)
    across = np.multiply.outer(pitch * np.sin(angle), rows)
    x = np.sin(along + across + phase[:, None, None]) + rng.normal(0, 0.5, (images, SIZE, SIZE))
    return x[..., None].astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    x, y = gratings(np.random.default_rng(seed), 1500)
    images, labels = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def build() -> nn.Module:
    return DenseNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=8,
        init_features=16,
        growth_rate=8,
        block_config=(2, 3, 3),
        bn_size=2,
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        print(f"epoch {epoch + 1}  loss {total / len(images):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = data(seed)
    model = build()
    train(model, images, labels)
    print(f"test accuracy {accuracy(model, test_images, test_labels):.3f}")


if __name__ == "__main__":
    main()
