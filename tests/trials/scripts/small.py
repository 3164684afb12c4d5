"""Read digits; at a rate of 3 the network dies. Leaves files beside itself, as scripts do."""

import argparse
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=3.0)
parser.add_argument("--then", default="end")
parser.add_argument("--save", default="last.txt")
options = parser.parse_args()

torch.manual_seed(0)
random.seed(0)
pixels, digits = load_digits(return_X_y=True)
x = torch.tensor(pixels[:640], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
y = torch.tensor(digits[:640])
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(256, 10),
)
optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=0.9)
notes = Path("notes.txt")
print(notes.read_text() if notes.exists() else "no notes")
for epoch in range(8):
    for index in torch.randperm(len(x)).split(32):
        loss = F.cross_entropy(model(x[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    Path(options.save).write_text(f"{epoch} {loss.item()}")
    (Path(__file__).parent / "beside.txt").write_text(str(epoch))
    if options.then == "fail":
        raise ValueError("planted")
    if options.then == "hang":
        while True:
            pass
