"""Tell stripes apart with the RegNet of transformers."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from transformers import RegNetConfig, RegNetForImageClassification

EPOCHS = 6
BATCH = 40
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
    x, y = gratings(np.random.default_rng(seed), 1900)
    images, labels = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    return images[:1600], labels[:1600], images[1600:], labels[1600:]


def build() -> RegNetForImageClassification:
    config = RegNetConfig(
        num_channels=1,
        embedding_size=16,
        hidden_sizes=[16, 32, 48],
        depths=[1, 1, 1],
        groups_width=8,
        num_labels=8,
    )
    return RegNetForImageClassification(config)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    x_train, y_train, x_test, y_test = data(seed)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
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
