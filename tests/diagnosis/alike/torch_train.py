"""The trainings of `shared.py` in PyTorch, one after another: `torch_train.py FOLDER NAME...`."""

from __future__ import annotations

import sys
from pathlib import Path

import shared
import torch
from torch import nn

import snellen


def build(plan: shared.Training) -> nn.Sequential:
    if plan.sigmoids:
        layers: list[nn.Module] = []
        for index in range(shared.DEPTH):
            layers += [nn.Conv2d(16 if index else 1, 16, 3, padding=1), nn.Sigmoid()]
        model = nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))
    else:
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if not plan.sigmoids:
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
            if plan.zero:
                nn.init.zeros_(layer.weight)
            if plan.bias is not None and layer is not model[-1]:
                nn.init.constant_(layer.bias, plan.bias)
    return model


def train(plan: shared.Training, run_file: Path) -> None:
    torch.manual_seed(0)
    (x, y), (unseen, truth) = (
        (torch.from_numpy(images[:, None]), torch.from_numpy(labels))
        for images, labels in shared.data(plan.data)
    )
    model = build(plan)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[plan.optimizer]
    optimizer = kind(model.parameters(), lr=plan.rate)
    loss_of = nn.CrossEntropyLoss()
    with snellen.watch(model, run_file=run_file):
        for _ in range(shared.EPOCHS):
            for batch in torch.randperm(len(x)).split(shared.BATCH):
                optimizer.zero_grad()
                loss = loss_of(model(x[batch]), y[batch])
                if plan.l1:
                    kernels = [p for p in model.parameters() if p.ndim > 1]
                    loss = loss + plan.l1 * sum(p.abs().sum() for p in kernels)
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                print(loss_of(model(unseen), truth).item())
            model.train()


def main() -> None:
    folder, *names = sys.argv[1:]
    for name in names:
        train(shared.TRAININGS[name], Path(folder) / f"{name}.snellen")


if __name__ == "__main__":
    main()
