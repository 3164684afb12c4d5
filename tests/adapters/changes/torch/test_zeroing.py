"""A script that forgets to empty its gradients trains as one that does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    batches,
    changed,
    plain_loss,
    same,
    small,
    state,
)

Make = Callable[[Any], torch.optim.Optimizer]

OPTIMIZERS: dict[str, Make] = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=1e-2),
    "Adam": lambda p: torch.optim.Adam(p, 1e-2, weight_decay=1e-2),
    "without foreach": lambda p: torch.optim.AdamW(p, 1e-2, foreach=False),
}


def trained(
    make: Make, *, zeroes: bool, passes: int = 1, each: Callable[[nn.Module], object] | None = None
) -> dict[str, Tensor]:
    """`passes`: backward passes before each update."""
    model = small()
    optimizer = make(model.parameters())
    for step in range(3):
        if zeroes:
            optimizer.zero_grad()
        for x, y in batches(8)[step * passes : (step + 1) * passes]:
            (plain_loss(model, x, y) / passes).backward()
        optimizer.step()
        if each is not None:
            each(model)
    return state(model)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("passes", [1, 2])
def test_weights_are_those_of_a_script_that_zeroes(name: str, passes: int) -> None:
    make = OPTIMIZERS[name]
    wanted = trained(make, zeroes=True, passes=passes)
    with changed("zeroing") as effect:
        assert same(trained(make, zeroes=False, passes=passes), wanted)
    assert effect.done == {"backward passes before which old gradients were emptied": 2}
    assert not same(trained(make, zeroes=False, passes=passes), wanted)


@pytest.mark.parametrize("to_none", [True, False])
def test_a_script_that_zeroes_is_not_touched(to_none: bool) -> None:
    class Own(torch.optim.SGD):
        def zero_grad(self, set_to_none: bool = True) -> None:
            super().zero_grad(to_none)

    def run() -> dict[str, Tensor]:
        return trained(lambda p: Own(p, 0.1), zeroes=True)

    bare = run()
    with changed("zeroing") as effect:
        assert same(run(), bare)
    assert not effect.done


def test_gradients_can_be_looked_at_after_the_step() -> None:
    norms: list[float] = []

    def look(model: nn.Module) -> None:
        norms.extend(float(p.grad.norm()) for p in model.parameters() if p.grad is not None)

    with changed("zeroing"):
        trained(OPTIMIZERS["SGD"], zeroes=False, each=look)
    assert len(norms) == 3 * 8
    assert all(norms)


def test_gradients_that_the_script_puts_there_itself_are_kept() -> None:
    """Noise for the next update, added after the last one."""
    w = nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([w], 1.0)

    def run(put: Callable[[], object]) -> list[float]:
        with torch.no_grad():
            w.zero_()
        w.grad = None
        (w * torch.ones(2)).sum().backward()
        optimizer.step()
        put()
        (w * torch.ones(2)).sum().backward()
        optimizer.step()
        return w.detach().tolist()

    def assigned() -> None:
        w.grad = torch.tensor([5.0, 5.0]) * 2

    def in_place() -> None:
        assert w.grad is not None
        w.grad.fill_(10.0)

    with changed("zeroing"):
        assert run(lambda: None) == [-2.0, -2.0]
        assert run(assigned) == [-12.0, -12.0]
        assert run(in_place) == [-12.0, -12.0]


def test_a_closure_that_is_evaluated_many_times_begins_empty_each_time() -> None:
    def run(zeroes: bool) -> dict[str, Tensor]:
        model = small()
        optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=4)
        x, y = batches()[0]

        def closure() -> Tensor:
            if zeroes:
                optimizer.zero_grad()
            loss = plain_loss(model, x, y)
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)
        return state(model)

    wanted = run(zeroes=True)
    with changed("zeroing"):
        assert same(run(zeroes=False), wanted)
    assert not same(run(zeroes=False), wanted)


def test_an_update_does_not_empty_what_another_optimizer_is_about_to_use() -> None:
    def run(zeroes: bool) -> dict[str, Tensor]:
        model = small()
        first = torch.optim.SGD(model[:3].parameters(), 0.1)
        second = torch.optim.SGD(model[3:].parameters(), 0.1)
        for x, y in batches():
            if zeroes:
                model.zero_grad()
            plain_loss(model, x, y).backward()
            first.step()
            second.step()
        return state(model)

    wanted = run(zeroes=True)
    with changed("zeroing"):
        assert same(run(zeroes=False), wanted)
