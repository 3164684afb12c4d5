"""Small trainings, and the changes made to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.torch.programs import images
from snellen.adapters.changes import Effect, arm
from snellen.adapters.patches import Patches
from snellen.capture import Session
from snellen.record import Subject, read
from snellen.settings import Settings

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""Of the model, its images and their labels."""


@contextmanager
def changed(name: str, **parameters: Any) -> Generator[Effect]:
    """Inside the block trainings are changed."""
    effect, patches = Effect(), Patches()
    arm(name, "torch", parameters, effect, patches)
    try:
        yield effect
    finally:
        patches.undo()


def small(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2),
        nn.ReLU(), nn.Flatten(), nn.Linear(96, 10),
    )  # fmt: skip


def batches(size: int = 16, count: int = 64) -> list[tuple[Tensor, Tensor]]:
    x, y = images(count)
    return [(x[i : i + size], y[i : i + size]) for i in range(0, count, size)]


def plain_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x), y)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Loss = plain_loss,
    data: Iterable[tuple[Tensor, Tensor]] | None = None,
) -> list[float]:
    """One epoch; the losses as they were computed."""
    losses: list[float] = []
    for x, y in batches() if data is None else data:
        optimizer.zero_grad()
        value = loss(model, x, y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """To the bit, NaN included."""
    return left.keys() == right.keys() and all(
        torch.equal(a.nan_to_num(7e7), right[name].nan_to_num(7e7)) for name, a in left.items()
    )


def close(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return all(torch.allclose(a, right[name], rtol=1e-4, atol=1e-6) for name, a in left.items())


def watched(train: Callable[[], object], path: Path) -> Subject:
    """What is seen of the one model that is trained."""
    session = Session(Settings(run_file=path / "r.snellen"), script="s", clock=lambda: 0.0)
    session.arm()
    try:
        train()
    finally:
        session.finish()
    assert session.boundary.tripped is None
    (subject,) = read(path / "r.snellen").subjects
    return subject
