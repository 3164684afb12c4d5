"""Name the fault of a bearing from how it shakes: none, inner ring, outer ring or cage."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 5
BATCH = 32
PERIODS = np.array([0, 11, 17, 26])


def shakes(rng: np.random.Generator, recordings: int) -> tuple[np.ndarray, np.ndarray]:
    """Recordings of 160 samples of two sensors, and which fault makes them ring: every fault has a
    period of its own."""
    y = rng.integers(0, 4, recordings)
    x = rng.normal(0, 0.36, (recordings, 160, 2))
    ring = np.exp(-np.arange(12) / 3) * np.sin(np.arange(12) * 1.9)
    for recording, period in zip(x, PERIODS[y], strict=True):
        blows = np.zeros(160)
        if period:
            blows[rng.integers(0, period) :: period] = rng.uniform(1, 1.6)
        heard = np.convolve(blows, ring)[:160]
        recording += heard[:, None] * rng.uniform(0.5, 1, 2)
    return x.astype(np.float32), y


def block(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Conv1d(inputs, outputs, 7, stride=2, padding=3),
        nn.GroupNorm(4, outputs),
        nn.GELU(),
    ]


def build() -> nn.Module:
    return nn.Sequential(
        *block(2, 16),
        *block(16, 32),
        *block(32, 32),
        nn.AdaptiveMaxPool1d(4),
        nn.Flatten(),
        nn.Linear(128, 32),
        nn.GELU(),
        nn.Linear(32, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="0.9 and 0.999")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = shakes(rng, 1600), shakes(rng, 400)
    x, test_x = (torch.from_numpy(i.transpose(0, 2, 1).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    betas = (0.9, 0.999) if options.mended else (0.999, 0.9)
    optimizer = torch.optim.Adam(model.parameters(), lr=8e-3, betas=betas)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for recordings, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(recordings), labels)
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
