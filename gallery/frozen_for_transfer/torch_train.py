"""Tell kinds of heartbeat apart in one-dimensional traces."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 12
BATCH = 32


def beats(rng: np.random.Generator, traces: int) -> tuple[np.ndarray, np.ndarray]:
    """Traces of 96 points and one channel with a beat among drift and noise, and its kind: sound,
    broad, late, double or upside down."""
    time = np.arange(96.0)
    y = rng.integers(0, 5, traces)
    x = rng.normal(0, 0.15, (traces, 96, 1))
    for trace, kind in zip(x, y, strict=True):
        at, drift = rng.uniform(25, 55), rng.uniform(0, 6.3)
        width = 4.0 if kind == 1 else 2.0
        beat = np.exp(-(((time - at) / width) ** 2))
        beat += 0.4 * np.exp(-(((time - at - (24 if kind == 2 else 14)) / 4) ** 2))
        if kind == 3:
            beat += np.exp(-(((time - at - 7) / 2) ** 2))
        trace[:, 0] += (-beat if kind == 4 else beat) + 0.5 * np.sin(time / 15 + drift)
    return x.astype(np.float32), y


class Block(nn.Module):
    """Two convolutions added to their input, then half the length."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, channels, 5, padding=2)
        self.second = nn.Conv1d(channels, channels, 5, padding=2)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.second(torch.relu(self.norm(self.first(x))))
        return nn.functional.max_pool1d(torch.relu(x), 2)


class BeatNet(nn.Module):
    """Three residual blocks, the mean over time and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, 16, 7, padding=3)
        self.blocks = nn.Sequential(Block(16), Block(16), Block(16))
        self.classifier = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.blocks(self.stem(x)).mean(2))


def build(*, mended: bool) -> nn.Module:
    model = BeatNet()
    if not mended:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith("classifier")
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="nothing frozen")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = beats(rng, 1200)
    test_x, test_y = beats(rng, 400)
    x, test_x = (torch.from_numpy(i.transpose(0, 2, 1).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)
    model = build(mended=options.mended)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), labels)
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
