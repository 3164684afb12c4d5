"""A small CNN on the digits of scikit-learn, trained in PyTorch with too high a learning rate."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
from __future__ import annotations

import sys
from collections import OrderedDict

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
pixels, digits = load_digits(return_X_y=True)
enlarged = np.kron(pixels.reshape(-1, 1, 8, 8) / 16.0, np.ones((2, 2)))
images, labels = torch.tensor(enlarged, dtype=torch.float32), torch.tensor(digits)
shuffled = torch.randperm(len(images))
train, test = shuffled[:1437], shuffled[1437:]

model = nn.Sequential(
    OrderedDict(
        conv1=nn.Conv2d(1, 16, 3, padding=1),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(16, 32, 3, padding=1),
        relu2=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv3=nn.Conv2d(32, 32, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(32, 64, 3, padding=1),
        relu4=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        head=nn.Linear(64 * 4 * 4, 10),
    )
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)  # 0.001 would do.
criterion = nn.CrossEntropyLoss()


def tested() -> str:
    model.eval()
    with torch.no_grad():
        outputs = model(images[test])
        loss = criterion(outputs, labels[test]).item()
        accuracy = (outputs.argmax(1) == labels[test]).float().mean().item()
    return f"test loss {loss:.3f}, test accuracy {accuracy:.1%}"


result = ""
for _ in track(range(EPOCHS), description="Training", console=Console(file=sys.stderr)):
    model.train()
    for batch in train[torch.randperm(len(train))].split(BATCH):
        optimizer.zero_grad()
        loss = criterion(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    result = tested()
print(result)
