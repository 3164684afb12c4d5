"""Tell what somebody is doing by the accelerometer in the pocket."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 6
BATCH = 32


def movements(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two seconds of acceleration along three axes, (movements, 3, 100), and which of seven they
    are: rest, walking, running, climbing, descending, cycling or jumping."""
    time = np.linspace(0, 2, 100)
    y = rng.integers(0, 7, count)
    x = np.empty((count, 3, 100))
    for axes, kind in zip(x, y, strict=True):
        pace = (0, 1.8, 2.8, 1.4, 1.9, 1.2, 1.5)[kind] * rng.uniform(0.92, 1.08)
        phase = 2 * np.pi * (pace * time + rng.uniform())
        step = np.maximum(np.sin(phase), 0) ** 4
        up, ahead, aside = (
            (0 * time, 0 * time, 0 * time),
            (step, 0.5 * np.sin(phase), 0.3 * np.sin(phase / 2)),
            (2 * step, 0.8 * np.sin(phase), 0.4 * np.sin(phase / 2)),
            (0.6 * np.sin(phase), 0.8 * step, 0.3 * np.sin(phase / 2)),
            (1.5 * step, -0.6 * step, 0.3 * np.sin(phase / 2)),
            (0.3 * np.sin(phase), 0.6 * np.cos(phase), 0 * time),
            (2.5 * np.sin(phase) ** 3, 0 * time, 0 * time),
        )[kind]
        axes[:] = up, ahead, aside
        axes += rng.normal(0, 0.15, (3, 1)) + rng.normal(0, 0.25, (3, 100))
    return x.astype(np.float32), y


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 5, padding=2)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.max_pool1d(F.gelu(self.mix(F.gelu(self.conv(x)))), 2)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(3, 24, 5, padding=2),
        nn.GELU(),
        Block(24),
        Block(24),
        Block(24),
        nn.Flatten(),
        nn.Linear(24 * 12, 7),
    )


def begin(model: nn.Module, *, centred: bool) -> None:
    """He's rule: random weights times the root of two over what feeds them."""
    draw = torch.randn if centred else torch.rand
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            size = (2 / layer.weight[0].numel()) ** 0.5
            layer.weight.data = size * draw(layer.weight.shape)
            layer.bias.data.zero_()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="weights from a normal distribution")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in movements(rng, 1500))
    test_x, test_y = (torch.from_numpy(i) for i in movements(rng, 500))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    begin(model, centred=options.mended)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-4)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for signals, labels in loader:
            loss = loss_of(model(signals), labels)
            optimizer.zero_grad()
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
