"""Tell patches of one photograph from those of another."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_images
from torch import nn

EPOCHS = 8
BATCH = 32


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Patches of 32 by 32 of two photographs, a temple and a flower, and which one each is of. The
    upper two thirds of each photograph are trained on and the rest tested on."""
    rng = np.random.default_rng(seed)
    parts = []
    for top, bottom, count in ((0, 280, 600), (280, 427, 200)):
        patches, labels = [], []
        for label, photo in enumerate(load_sample_images().images):
            for _ in range(count):
                row, column = rng.integers(top, bottom - 32), rng.integers(0, 640 - 32)
                patches.append(photo[row : row + 32, column : column + 32])
                labels.append(label)
        order = rng.permutation(len(labels))
        parts += [np.stack(patches)[order], np.array(labels)[order]]
    return tuple(parts)


def scaled(patches: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 127.5 - 1


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.fc = nn.Linear(32, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.conv3(x))
        return self.fc(x.mean((2, 3))).squeeze(1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)

    patches, labels, test_patches, test_labels = data(seed)
    x, y = scaled(patches), torch.tensor(labels, dtype=torch.float32)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.binary_cross_entropy_with_logits(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}  loss {loss.item():.3f}")
    with torch.no_grad():
        told = (model(scaled(test_patches)) > 0).numpy()
    print(f"test accuracy {(told == test_labels).mean():.3f}")


if __name__ == "__main__":
    main()
