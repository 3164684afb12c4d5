"""The first updates are made with growing parts of the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import changed, same, small, state, train


def moves(count: int, optimizer: torch.optim.Optimizer, w: nn.Parameter) -> list[float]:
    """How far `w`, whose gradient is 1, moves in each of so many updates."""
    moved: list[float] = []
    for _ in range(count):
        before = w.item()
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
        moved.append(before - w.item())
    return moved


def weight() -> nn.Parameter:
    return nn.Parameter(torch.zeros((), dtype=torch.float64))


def test_the_rate_grows_in_a_straight_line_to_the_scripts_own() -> None:
    w = weight()
    optimizer = torch.optim.SGD([w], 0.8)
    with changed("warm-up", steps=4) as effect:
        moved = moves(6, optimizer, w)
    assert moved == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert effect.done == {"updates with a smaller learning rate": 3}
    assert optimizer.param_groups[0]["lr"] == 0.8


def test_a_warm_up_of_one_step_changes_nothing() -> None:
    def trained() -> dict[str, Tensor]:
        model = small()
        train(model, torch.optim.Adam(model.parameters(), 1e-2))
        return state(model)

    bare = trained()
    with changed("warm-up", steps=1) as effect:
        assert same(trained(), bare)
    assert not effect.done


def test_a_schedule_is_scaled_and_goes_on_undisturbed() -> None:
    w = weight()
    optimizer = torch.optim.SGD([w], 0.8)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    moved: list[float] = []
    with changed("warm-up", steps=2):
        for _ in range(3):
            moved += moves(1, optimizer, w)
            schedule.step()
    assert moved == pytest.approx([0.4, 0.4, 0.2])


def test_every_group_and_every_optimizer_warms_up() -> None:
    a, b, c = weight(), weight(), weight()
    both = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.4}], 0.8)
    other = torch.optim.SGD([c], 0.2)
    with changed("warm-up", steps=2):
        for p in (a, b, c):
            p.grad = torch.ones_like(p)
        both.step()
        assert [a.item(), b.item()] == pytest.approx([-0.4, -0.2])
        both.step()
        assert [a.item(), b.item()] == pytest.approx([-1.2, -0.6])
        other.step()
        assert c.item() == pytest.approx(-0.1)


class Outer(torch.optim.Optimizer):
    def __init__(self, inner: torch.optim.Optimizer) -> None:
        super().__init__([p for g in inner.param_groups for p in g["params"]], {})
        self.inner = inner
        self.param_groups = inner.param_groups

    def step(self, closure: Any = None) -> Any:
        return self.inner.step()


Made = Callable[[nn.Parameter], torch.optim.Optimizer]


@pytest.mark.parametrize(
    "make",
    [lambda w: torch.optim.SGD([w], 0.8), lambda w: Outer(torch.optim.SGD([w], 0.8))],
    ids=["anew", "inside another"],
)
def test_it_is_counted_by_what_is_updated(make: Made) -> None:
    """Optimizers that are made anew for each epoch, and such as wrap one another."""
    w = weight()
    with changed("warm-up", steps=4):
        moved = [moves(1, make(w), w)[0] for _ in range(5)]
    assert moved == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8])


def test_rates_that_are_tensors_stay_tensors() -> None:
    w = weight()
    optimizer = torch.optim.Adam([w], torch.tensor(0.8))
    with changed("warm-up", steps=4):
        moves(2, optimizer, w)
    assert torch.equal(optimizer.param_groups[0]["lr"], torch.tensor(0.8))
