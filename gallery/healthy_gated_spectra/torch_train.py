"""Name the call in a recording from its spectrogram, read along time."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 7
BATCH = 32


def calls(rng: np.random.Generator, recordings: int) -> tuple[np.ndarray, np.ndarray]:
    """Log spectra, 64 times by 20 bands, and which call: rising, falling, a trill, or two tones
    at once. Any call may begin late and may be faint."""
    times, bands = np.mgrid[:64, :20]
    y = rng.integers(0, 4, recordings)
    x = rng.normal(0, 0.6, (recordings, 64, 20))
    for recording, call in zip(x, y, strict=True):
        start, length, pitch = rng.integers(2, 20), rng.integers(24, 40), rng.uniform(7, 13)
        at = (times - start) / length
        sounds = (at >= 0) & (at < 1)
        if call < 2:
            tone = np.abs(bands - pitch - (8 if call else -8) * (0.5 - at)) < 1
        elif call == 2:
            tone = (np.abs(bands - pitch) < 1.5) & ((times - start) % 6 < 3)
        else:
            tone = np.abs(np.abs(bands - pitch) - 3) < 1
        recording[sounds & tone] += rng.uniform(1, 2)
    return x.astype(np.float32), y


class Gated(nn.Module):
    """A residual step of WaveNet: a tanh, and a sigmoid that says how much of it is let through."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.both = nn.Conv1d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)
        self.out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value, gate = self.both(x).chunk(2, dim=1)
        return x + self.out(torch.tanh(value) * torch.sigmoid(gate))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(20, 32, 1),
        *(Gated(32, dilation) for dilation in (1, 2, 4, 8)),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = calls(rng, 1200), calls(rng, 300)
    x, test_x = (torch.from_numpy(i.transpose(0, 2, 1).copy()) for i in (x, test_x))
    y, test_y = torch.from_numpy(y), torch.from_numpy(test_y)
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.75)
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
        schedule.step()
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
