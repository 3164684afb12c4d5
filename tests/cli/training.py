"""A small training whose channels all die, and one that goes well, as scripts."""

from __future__ import annotations

from pathlib import Path

SOURCE = """
import sys, time
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
rate, steps = float(sys.argv[1]), int(sys.argv[2])
labels = torch.arange(640) % 2
images = torch.rand(640, 1, 8, 8) * 0.1
images[labels == 1, :, 2:6] += 0.9
model = nn.Sequential()
model.add_module("conv1", nn.Conv2d(1, 8, 3))
model.add_module("relu1", nn.ReLU())
model.add_module("conv2", nn.Conv2d(8, 8, 3))
model.add_module("relu2", nn.ReLU())
model.add_module("flat", nn.Flatten())
model.add_module("head", nn.Linear(128, 2))
if rate > 1:
    with torch.no_grad():
        model.conv1.bias -= 100.0
optimizer = torch.optim.SGD(model.parameters(), lr=min(rate, 0.1))
shuffled = torch.randperm(640)
for step in range(steps):
    batch = shuffled[torch.arange(step * 32, step * 32 + 32) % 640]
    loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 150:
        print("under way", flush=True)
    if step == 200 and "fail" in sys.argv:
        raise ValueError("at step 200")
    if step == 200 and "leave" in sys.argv:
        sys.exit(5)
print(f"loss {loss.item():.6f}")
"""


def write_script(directory: Path, name: str = "train.py") -> Path:
    path = directory / name
    path.write_text(SOURCE, encoding="utf-8")
    return path


DEAD = ("2", "400")
"""Arguments of a training whose first layer is dead from the start."""
HEALTHY = ("0.1", "400")
