"""Tell four kinds of whales by the time between their two clicks."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8
BATCH = 32
PAUSES = (16, 22, 28, 34)


def clicks(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sounds of 1 by 128 samples with two clicks, and which of four pauses is between these."""
    y = rng.integers(0, len(PAUSES), count)
    x = rng.normal(0, 0.25, (count, 1, 128))
    pulse = np.array([0.6, -1.5, 2, -1.5, 0.6])
    for sound, kind in zip(x[:, 0], y, strict=True):
        first = rng.integers(5, 80)
        second = first + PAUSES[kind] + rng.integers(-1, 2)
        sound[first : first + 5] += rng.uniform(0.7, 1.3) * pulse
        sound[second : second + 5] += rng.uniform(0.7, 1.3) * pulse
    return x.astype(np.float32), y


class Listener(nn.Module):
    def __init__(self, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv1d(24 if place else 1, 24, 5, padding=2 * dilation, dilation=dilation)
            for place, dilation in enumerate(dilations)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(24) for _ in dilations)
        self.act = nn.LeakyReLU(0.1)
        self.head = nn.Linear(24, len(PAUSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = self.act(norm(conv(x)))
        return self.head(x.amax(2))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="dilations of 4 and 8")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, y = (torch.from_numpy(i) for i in clicks(rng, 2000))
    test_x, test_y = (torch.from_numpy(i) for i in clicks(rng, 400))
    loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    model = Listener((1, 4, 8) if options.mended else (1, 1, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for sounds, labels in loader:
            loss = loss_of(model(sounds), labels)
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
