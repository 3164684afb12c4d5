"""Read digits with eight layers of tanh."""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = F.interpolate(x, scale_factor=2)
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:1440], order[1440:]
    return x[train], y[train], x[test], y[test]


def build(mended: bool) -> nn.Module:
    layers: list[nn.Module] = []
    for number in range(8):
        conv = nn.Conv2d(16 if number else 1, 16, 3, padding=1)
        if mended:
            nn.init.xavier_normal_(conv.weight, gain=nn.init.calculate_gain("tanh"))
        else:
            nn.init.normal_(conv.weight, std=3.0)
        layers += [conv, nn.Tanh()]
        if number in (1, 3):
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    images, labels, test_images, test_labels = data(args.seed)
    model = build(args.mended)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
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
    print(f"test accuracy {accuracy(model, test_images, test_labels):.3f}")


if __name__ == "__main__":
    main()
