"""Updates are made at another rate, and nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_b import (
    Left,
    batches,
    changed,
    left,
    same,
    seeded,
    train,
    watched,
)
from adapters.torch.programs import Plain, images

FACTOR = 0.125
"""A power of two: scaling loses no bits."""

DONE = "updates with the learning rate scaled"


def moved(factor: float | None) -> list[Tensor]:
    """What the first update of plain SGD does to the weights."""
    model = seeded(Plain)
    before = [p.detach().clone() for p in model.parameters()]
    if factor is None:
        train(model, steps=1)
    else:
        with changed("learning-rate", factor=factor):
            train(model, steps=1)
    return [p.detach() - b for p, b in zip(model.parameters(), before, strict=True)]


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_the_first_update_of_sgd_is_scaled(factor: float) -> None:
    for bare, found in zip(moved(None), moved(factor), strict=True):
        assert torch.allclose(found, bare * factor, rtol=1e-3, atol=1e-6)
        assert found.abs().sum() > 0


class Scheduled:
    """Two optimizers, groups with rates and decay of their own, and a schedule for one of them."""

    def __init__(self, kind: Callable[..., torch.optim.Optimizer], factor: float = 1.0) -> None:
        self.model, self.other = Plain(), Plain()
        first, *rest = self.model.parameters()
        groups: Any = [
            {"params": [first], "lr": 0.5 * factor, "weight_decay": 0.01},
            {"params": rest},
        ]
        self.optimizer = kind(groups, lr=0.25 * factor)
        self.second = torch.optim.SGD(self.other.parameters(), 0.5 * factor, momentum=0.5)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5)
        self.rates: list[float] = []

    def train(self) -> Left:
        for i, (x, y) in enumerate(batches()):
            for model, optimizer in ((self.model, self.optimizer), (self.other, self.second)):
                # The second one is given the gradients of two batches for each of its updates.
                F.cross_entropy(model(x), y).backward()
                if optimizer is self.optimizer or i % 2:
                    optimizer.step()
                    optimizer.zero_grad()
            self.schedule.step()
            self.rates += [group["lr"] for group in self.optimizer.param_groups]
        return left(self.model, self.other)


KINDS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_is_that_of_a_script_with_these_rates(kind: str) -> None:
    expected = seeded(lambda: Scheduled(KINDS[kind], FACTOR))
    bare = seeded(lambda: Scheduled(KINDS[kind]))
    bare.train()
    torch.manual_seed(1)
    weights = expected.train()
    with changed("learning-rate", factor=FACTOR) as effect:
        found = seeded(lambda: Scheduled(KINDS[kind]))
        torch.manual_seed(1)
        assert same(found.train(), weights)
    assert found.rates == bare.rates
    assert effect.done == {DONE: 8 + 4}
    assert effect.limits == ()


def test_a_rate_in_a_tensor_is_scaled_and_stays_the_same_tensor() -> None:
    def trained(factor: float) -> tuple[nn.Module, Any, Tensor]:
        model, rate = seeded(Plain), torch.tensor(0.5 * factor)
        optimizer = torch.optim.SGD(model.parameters(), rate)
        F.cross_entropy(model(images(16)[0]), images(16)[1]).backward()
        optimizer.step()
        return model, optimizer.param_groups[0]["lr"], rate

    expected, _, _ = trained(FACTOR)
    with changed("learning-rate", factor=FACTOR):
        model, kept, rate = trained(1.0)
    assert same(model.parameters(), expected.parameters())
    assert kept is rate
    assert rate == 0.5


def test_a_closure_is_stepped_at_the_scaled_rate() -> None:
    def trained(rate: float) -> list[Tensor]:
        model = seeded(Plain)
        optimizer = torch.optim.LBFGS(model.parameters(), rate, max_iter=3)
        x, y = images(32)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)  # type: ignore[arg-type]
        return [p.detach() for p in model.parameters()]

    expected = trained(0.5 * FACTOR)
    with changed("learning-rate", factor=FACTOR):
        assert same(trained(0.5), expected)


def test_an_update_that_fails_is_not_scaled_twice() -> None:
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], 1.0)

    def fails() -> float:
        raise ValueError("no loss")

    with changed("learning-rate", factor=FACTOR):
        with pytest.raises(ValueError, match="no loss"):
            optimizer.step(fails)
        parameter.grad = torch.ones(2)
        optimizer.step()
    assert torch.equal(parameter.detach(), torch.full((2,), 1 - FACTOR))
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_an_optimizer_inside_another_keeps_both_rates() -> None:
    """As in a wrapper that averages weights and steps the one it holds."""
    parameter, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    inner = torch.optim.SGD([parameter], 1.0)

    class Outer(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            inner.step()
            return super().step(closure)

    outer = Outer([other], 2.0)
    parameter.grad, other.grad = torch.ones(1), torch.ones(1)
    with changed("learning-rate", factor=FACTOR):
        outer.step()
    assert (inner.param_groups[0]["lr"], outer.param_groups[0]["lr"]) == (1.0, 2.0)
    assert parameter.item() == 1 - FACTOR
    assert other.item() == 1 - 2 * FACTOR


@pytest.mark.parametrize("neutral", [True, False], ids=["a factor of 1", "undone"])
def test_nothing_else_is_changed(neutral: bool) -> None:
    bare = train(seeded(Plain))
    if neutral:
        with changed("learning-rate", factor=1.0):
            assert same(train(seeded(Plain)), bare)
    else:
        with changed("learning-rate", factor=FACTOR):
            pass
        assert same(train(seeded(Plain)), bare)


def test_a_watched_training_is_scaled_once(tmp_path: Path) -> None:
    with changed("learning-rate", factor=FACTOR):
        unwatched = train(seeded(Plain))
        with watched(tmp_path) as runs:
            assert same(train(seeded(Plain)), unwatched)
    assert runs[0].subjects[0].steps == 8
