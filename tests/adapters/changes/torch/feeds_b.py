"""Trainings fed by loaders, which tell the numbers of the images that they were handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

IMAGES = 24

Numbers = list[list[int]]
"""Of the images of each batch."""


class Numbered(Dataset[Tensor]):
    """Images that hold their number."""

    def __init__(self, images: int = IMAGES) -> None:
        self.images = images

    def __len__(self) -> int:
        return self.images

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((1, 2, 2), float(index))


class Streamed(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        return (torch.full((1, 2, 2), float(i)) for i in range(IMAGES))


def numbers(batch: Tensor) -> list[int]:
    return batch[:, 0, 0, 0].long().tolist()


class Training:
    """A model and its optimizer; what it was trained on and evaluated with is kept."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten())
        self.optimizer = torch.optim.SGD(self.model.parameters(), 1e-3)
        self.trained: Numbers = []
        self.evaluated: Numbers = []

    def step(self, batch: Tensor) -> None:
        self.trained.append(numbers(batch))
        self.optimizer.zero_grad()
        self.model(batch).square().mean().backward()
        self.optimizer.step()

    def evaluate(self, batch: Tensor) -> None:
        self.evaluated.append(numbers(batch))
        F.mse_loss(self.model(batch), torch.zeros(len(batch), 2))

    def epochs(self, loader: DataLoader[Any], count: int = 2) -> Training:
        for _ in range(count):
            for batch in loader:
                self.step(batch)
        return self


def flat(batches: Numbers) -> list[int]:
    return [number for batch in batches for number in batch]


def before(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    """An evaluation between the epochs, in the way of most scripts."""
    for _ in range(2):
        train.model.train()
        for batch in loader:
            train.step(batch)
        train.model.eval()
        with torch.no_grad():
            for batch in held:
                train.evaluate(batch)


def in_training_mode(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    for _ in range(2):
        for batch in held:
            train.evaluate(batch)
        for batch in loader:
            train.step(batch)


def within_the_epoch(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    for _ in range(2):
        for i, batch in enumerate(loader):
            if i % 2 == 0:
                for other in held:
                    train.evaluate(other)
            train.step(batch)


def broken_off(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    for _ in range(2):
        for batch in loader:
            train.step(batch)
        for other in held:
            train.evaluate(other)
            break


def by_a_walk_that_is_kept(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    for _ in range(2):
        for i, batch in enumerate(loader):
            if i == 1:
                walk = iter(held)
                for other in walk:
                    train.evaluate(other)
            train.step(batch)


def side_by_side(train: Training, loader: DataLoader[Any], held: DataLoader[Any]) -> None:
    others = iter(held)
    for _ in range(2):
        for i, batch in enumerate(loader):
            train.step(batch)
            if i == 1:
                with torch.no_grad():
                    train.evaluate(next(others))


EVALUATIONS: dict[str, Callable[[Training, DataLoader[Any], DataLoader[Any]], None]] = {
    "between the epochs": before,
    "in training mode": in_training_mode,
    "within the epoch": within_the_epoch,
    "broken off": broken_off,
    "by a walk that is kept": by_a_walk_that_is_kept,
    "side by side": side_by_side,
}
