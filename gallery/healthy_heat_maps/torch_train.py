"""Find cell centres by a heat map at a quarter of the size, as detectors without anchors do."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 12
BATCH = 16


def cells(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 1 by 48 by 48 with one to four bright cells amid dim crescents, and a heat map of
    1 by 12 by 12 that is 1 at each cell's centre and falls around it."""
    rows, columns = np.mgrid[:48, :48]
    coarse = 4 * np.mgrid[:12, :12] + 1.5
    x = rng.normal(0.2, 0.08, (images, 1, 48, 48))
    heat = np.zeros((images, 1, 12, 12))
    for image, warm in zip(x[:, 0], heat[:, 0], strict=True):
        for place in rng.permutation(9)[: rng.integers(1, 5)]:
            row, column = 16 * np.array(divmod(place, 3)) + rng.uniform(4, 12, 2)
            radius = rng.uniform(3, 6)
            image[np.hypot(rows - row, columns - column) < radius] += rng.uniform(0.3, 0.6)
            far = np.hypot(coarse[0] - row, coarse[1] - column)
            np.maximum(warm, np.exp(-((far / 4) ** 2)), out=warm)
        row, column = rng.uniform(8, 40, 2)
        far = np.hypot(rows - row, columns - column)
        image[(far < 6) & (np.hypot(rows - row - 3, columns - column) > 5)] += 0.4
    return x.astype(np.float32), heat.astype(np.float32)


class Unit(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Unit(16, 32, 2),
        Unit(32, 32, 1),
        nn.Conv2d(32, 1, 1),
    )


def peaks(heat: torch.Tensor) -> torch.Tensor:
    """Where the map is above a half and nowhere around higher."""
    return (heat > 0.5) & (heat == F.max_pool2d(heat, 3, stride=1, padding=1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, heat = (torch.from_numpy(i) for i in cells(rng, 640))
    test_x, test_heat = (torch.from_numpy(i) for i in cells(rng, 160))
    loader = DataLoader(TensorDataset(x, heat), BATCH, shuffle=True)

    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted in loader:
            # Centres are rare: positions near one count for more.
            loss = ((model(images) - wanted) ** 2 * (1 + 4 * wanted)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        schedule.step()
        model.eval()
        with torch.no_grad():
            found, real = peaks(model(test_x)), test_heat > 0.75
            near = F.max_pool2d(real.float(), 3, stride=1, padding=1) > 0
            precision = (found & near).sum().item() / max(1, found.sum().item())
            reached = F.max_pool2d(found.float(), 3, stride=1, padding=1) > 0
            recall = (reached & real).sum().item() / real.sum().item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.4f}  "
            f"precision {precision:.3f}  recall {recall:.3f}"
        )


if __name__ == "__main__":
    main()
