"""The training of `shared.py` in PyTorch."""

from __future__ import annotations

from collections import OrderedDict

import shared
import torch
from torch import nn


def build() -> nn.Sequential:
    squash = nn.Sigmoid if shared.SQUASH else nn.ReLU
    a, b, c = shared.WIDTHS
    features = c * (shared.SIDE // 4) ** 2
    model = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, a, 3, padding=1),
            act1=squash(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(a, b, 3, padding=1),
            act2=squash(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(b, c, 3, padding=1),
            act3=squash(),
            flat=nn.Flatten(),
            head=nn.Linear(features, 10),
        )
    )
    with torch.no_grad():
        for name, (kernel, bias) in shared.weights().items():
            layer = model.get_submodule(name)
            layer.weight.copy_(torch.from_numpy(kernel))
            layer.bias.copy_(torch.from_numpy(bias))
    return model


def main() -> None:
    model = build()
    images, labels = (torch.from_numpy(x) for x in shared.data())
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=shared.RATE, eps=1e-7)
    for _ in range(shared.EPOCHS):
        for x, y in zip(images.split(shared.BATCH), labels.split(shared.BATCH), strict=True):
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    main()
