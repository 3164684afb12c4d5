"""What all changes to updates, losses and seeds promise."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grad
from torch.optim import optimizer as optimizers

from adapters.changes.torch.trainings_updates import changed, watched
from adapters.torch.programs import Trained, normed, plain
from snellen.adapters.changes.torch.functions import NN

CHANGES: dict[str, dict[str, Any]] = {
    "learning-rate": {"factor": 0.5},
    "decay": {},
    "initialisation": {"seed": 1},
    "clipping": {"norm": 0.1},
    "zeroing": {},
    "classes": {"weights": (0.5,) * 5 + (1.5,) * 5},
    "softmax": {},
    "optimiser": {},
    "warm-up": {"steps": 5},
    "labels": {"seed": 1},
    "suspects": {"share": 0.2, "after": 1, "random": True, "seed": 1},
    "frozen": {},
    "registered": {},
    "seed": {"offset": 3},
}
PROGRAMS: dict[str, Callable[[], Trained]] = {"plain": plain, "normed": normed}
STREAMS = ("torch", "python", "numpy")


def equal(left: Any, right: Any) -> bool:
    return torch.equal(left, right) if isinstance(left, Tensor) else left == right


@pytest.fixture(scope="module")
def bare() -> dict[str, Trained]:
    return {name: program() for name, program in PROGRAMS.items()}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", CHANGES)
def test_the_scripts_random_streams_and_modes_are_its_own(
    name: str, program: str, bare: dict[str, Trained]
) -> None:
    with changed(name, **CHANGES[name]):
        trained = PROGRAMS[program]()
    for key in (*STREAMS, "mode", "calls"):
        if name != "seed" and key in trained:
            assert equal(trained[key], bare[program][key]), key
    assert trained.keys() == bare[program].keys()


def places() -> dict[str, Any]:
    """Everything that a change may replace, as it is now."""
    owners = (
        F, NN, torch, torch.linalg, torch.random, torch.cuda, torch.cuda.random, torch.autograd,
        nn.Module, nn.Parameter, Tensor, optimizers.Optimizer, nn.utils, clip_grad, random,
        np.random,
    )  # fmt: skip
    found = {f"{o.__name__}.{n}": v for o in owners for n, v in vars(o).items() if callable(v)}
    hooks = optimizers._global_optimizer_pre_hooks, optimizers._global_optimizer_post_hooks
    return found | {"hooks": [len(h) for h in hooks]}


@pytest.mark.parametrize("name", CHANGES)
def test_afterwards_nothing_of_it_is_left(name: str, bare: dict[str, Trained]) -> None:
    before = places()
    with changed(name, **CHANGES[name]):
        assert places() != before
        plain()
    assert places() == before
    again = plain()
    assert all(equal(again[key], value) for key, value in bare["plain"].items())


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_watched_training_ends_in_the_bits_of_an_unwatched_one(name: str, tmp_path: Path) -> None:
    with changed(name, **CHANGES[name]) as effect:
        unwatched = normed()
    seen: list[Trained] = []
    with changed(name, **CHANGES[name]) as observed:
        watched(lambda: seen.append(normed()), tmp_path)
    assert all(equal(seen[0][key], value) for key, value in unwatched.items())
    assert observed.done == effect.done
    assert observed.limits == effect.limits
