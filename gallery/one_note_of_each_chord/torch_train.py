"""Hear which of six notes are in a chord."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 32
PITCHES = (220, 247, 262, 294, 330, 392)


def chords(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Chords of two to four notes, (chords, 1, 400 samples), and which notes are in them."""
    time = np.arange(400) / 2000
    x = rng.normal(0, 0.2, (count, 1, 400))
    y = np.zeros((count, len(PITCHES)))
    for sound, notes in zip(x[:, 0], y, strict=True):
        for note in rng.permutation(len(PITCHES))[: rng.integers(2, 5)]:
            notes[note] = 1
            phase = 2 * np.pi * (PITCHES[note] * time + rng.uniform())
            sound += rng.uniform(0.6, 1) * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    return x.astype(np.float32), y.astype(np.float32)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(1, 32, 64, stride=4, padding=30),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Conv1d(32, 32, 9, stride=2, padding=4),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Conv1d(32, 48, 9, stride=2, padding=4),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(48, len(PITCHES)),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="a sigmoid for each note")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in chords(rng, 2000))
    test_x, test_y = (torch.from_numpy(i) for i in chords(rng, 400))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_of = nn.BCEWithLogitsLoss() if options.mended else nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for sounds, notes in loader:
            loss = loss_of(model(sounds), notes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(notes)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_y).item()
            chances = answers.sigmoid() if options.mended else answers.softmax(1)
            right = (chances > 0.5) == (test_y > 0)
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  test loss {test_loss:.3f}  "
            f"notes right {right.float().mean().item():.3f}  "
            f"chords right {right.all(1).float().mean().item():.3f}"
        )


if __name__ == "__main__":
    main()
