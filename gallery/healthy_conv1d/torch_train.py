"""Tell the form of a wave."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 50


def waves(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of 128 samples: a sine, a square wave, a sawtooth or a chirp under noise."""
    time = np.linspace(0, 1, 128)
    y = rng.integers(0, 4, count)
    x = np.zeros((count, 128, 2))
    for signal, kind in zip(x, y, strict=True):
        cycles, phase = rng.uniform(3, 8), rng.uniform(0, 1)
        turn = (cycles * time + phase) % 1
        wave = (
            np.sin(2 * np.pi * turn),
            np.sign(turn - 0.5),
            2 * turn - 1,
            np.sin(2 * np.pi * (phase + cycles * time * (0.4 + time))),
        )[kind]
        signal[:, 0] = wave + rng.normal(0, 0.3, 128)
        signal[:, 1] = rng.uniform(0.5, 1) * np.roll(wave, 5) + rng.normal(0, 0.3, 128)
    return x.astype("float32"), y


def data(seed: int) -> tuple[torch.Tensor, ...]:
    x, y = waves(np.random.default_rng(seed), 2000)
    signals, labels = torch.from_numpy(x).transpose(1, 2).contiguous(), torch.tensor(y)
    return signals[:1600], labels[:1600], signals[1600:], labels[1600:]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(2, 16, 7, 2, 3, bias=False),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Conv1d(16, 32, 5, 2, 2, bias=False),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Conv1d(32, 32, 5, 2, 2, bias=False),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x_train, y_train, x_test, y_test = data(args.seed)
    loader = DataLoader(
        TensorDataset(x_train, y_train), batch_size=BATCH, shuffle=True, drop_last=True
    )
    model = build()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        print(
            f"epoch {epoch + 1}  loss {loss.item():.3f}  "
            f"test accuracy {accuracy(model, x_test, y_test):.3f}"
        )


if __name__ == "__main__":
    main()
