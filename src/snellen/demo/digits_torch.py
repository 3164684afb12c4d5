"""A small CNN on the digits of scikit-learn, trained in PyTorch with too high a learning rate."""

from __future__ import annotations

import sys

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 8
BATCH = 32

torch.manual_seed(0)
torch.set_num_threads(1)  # So small a network only waits for more.
digits = load_digits()
images = torch.tensor(np.kron(digits.images, np.ones((1, 2, 2))) / 16.0, dtype=torch.float32)
images = images[:, None]
labels = torch.tensor(digits.target)
shuffled = torch.randperm(len(images))
train, test = shuffled[:1437], shuffled[1437:]

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 32, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64 * 4 * 4, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)  # 0.001 would do.
criterion = nn.CrossEntropyLoss()
screen = Console(file=sys.stderr)

for _ in track(range(EPOCHS), description="Training", console=screen):
    model.train()
    for batch in train[torch.randperm(len(train))].split(BATCH):
        optimizer.zero_grad()
        loss = criterion(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outputs = model(images[test])
        test_loss = criterion(outputs, labels[test]).item()
        accuracy = (outputs.argmax(1) == labels[test]).float().mean().item()

print(f"test loss {test_loss:.3f}, test accuracy {accuracy:.1%}")
