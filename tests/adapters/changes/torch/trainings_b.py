"""What the tests of changes to models and to data have in common."""

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
from snellen.record import RunContents, read
from snellen.settings import Settings

Left = list[Tensor]
"""What a training leaves: weights, buffers and one random number."""


@contextmanager
def changed(name: str, **parameters: Any) -> Generator[Effect]:
    """Inside the block the change is armed."""
    effect, patches = Effect(), Patches()
    arm(name, "torch", parameters, effect, patches)
    try:
        yield effect
    finally:
        patches.undo()


def left(*modules: nn.Module) -> Left:
    tensors = [t.detach().clone() for m in modules for t in m.state_dict().values()]
    return [*tensors, torch.rand(1)]


def same(some: Iterable[Tensor], others: Iterable[Tensor]) -> bool:
    """Bit by bit."""
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def near(some: Iterable[Tensor], others: Iterable[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(some, others, strict=True))


def batches(size: int = 16, epochs: int = 2) -> list[tuple[Tensor, Tensor]]:
    x, y = images(64)
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)] * epochs


def train(model: nn.Module, call: Callable[[Tensor], Any] | None = None, steps: int = 8) -> Left:
    """Plain SGD on batches that are cut by hand."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for x, y in batches()[:steps]:
        optimizer.zero_grad()
        F.cross_entropy((call or model)(x), y).backward()
        optimizer.step()
    return left(model)


def seeded(make: Callable[[], Any]) -> Any:
    """What is made from the same random stream each time."""
    torch.manual_seed(0)
    return make()


@contextmanager
def watched(path: Path) -> Generator[list[RunContents]]:
    """Snellen watches what is trained inside the block; the run is in the list after it."""
    session = Session(Settings(run_file=path / "run.snellen"), script="s", clock=lambda: 0.0)
    runs: list[RunContents] = []
    session.arm()
    try:
        yield runs
    finally:
        session.finish()
    assert session.boundary.tripped is None
    runs.append(read(path / "run.snellen"))
