"""Tell shapes apart with the ResNet of transformers."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from transformers import ResNetConfig, ResNetForImageClassification

EPOCHS = 8
BATCH = 40


def draw(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 32 by 32 in colour, each of a disc, a square, a triangle or a cross on noise."""
    rows, columns = np.mgrid[:32, :32]
    x = rng.normal(0.4, 0.1, (images, 32, 32, 3))
    y = rng.integers(0, 4, images)
    for image, shape in zip(x, y, strict=True):
        down, right = rows - rng.integers(11, 21), columns - rng.integers(11, 21)
        size = rng.integers(6, 10)
        far = np.maximum(abs(down), abs(right))
        inside = (
            down**2 + right**2 < size**2,
            far < 0.85 * size,
            (abs(down) < size) & (2 * abs(right) < down + size),
            (np.minimum(abs(down), abs(right)) < size / 3) & (far < size),
        )[shape]
        image[inside] = rng.choice([0.1, 0.9], 3) + rng.normal(0, 0.05, (inside.sum(), 3))
    return x.clip(0, 1).astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(seed)
    x, y = draw(rng, 2000)
    images, labels = torch.from_numpy(2 * x - 1).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:1600], labels[:1600], images[1600:], labels[1600:]


def build() -> ResNetForImageClassification:
    config = ResNetConfig(
        embedding_size=16,
        hidden_sizes=[16, 32, 64],
        depths=[1, 1, 1],
        layer_type="basic",
        out_features=["stage3"],
        num_labels=4,
    )
    return ResNetForImageClassification(config)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        model.train()
        for index in torch.randperm(len(x_train)).split(BATCH):
            answer = model(pixel_values=x_train[index], labels=y_train[index])
            optimizer.zero_grad()
            answer.loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {answer.loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        told = model(pixel_values=x_test).logits.argmax(1)
    print(f"test accuracy {(told == y_test).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
