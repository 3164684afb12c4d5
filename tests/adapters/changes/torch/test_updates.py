"""Groups hold other values during an update, once, and the script's own ones afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from adapters.changes.torch.trainings_updates import changed, close, same, small, state, train


class Outer(torch.optim.Optimizer):
    """Wraps an optimizer and shares its groups, as Lookahead and SAM do."""

    def __init__(self, inner: torch.optim.Optimizer) -> None:
        super().__init__([p for g in inner.param_groups for p in g["params"]], {})
        self.inner = inner
        self.param_groups = inner.param_groups

    def step(self, closure: Any = None) -> Any:
        return self.inner.step()


def trained(rate: float, *, wrapped: bool = False) -> dict[str, Tensor]:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), rate)
    train(model, Outer(optimizer) if wrapped else optimizer)
    assert optimizer.param_groups[0]["lr"] == rate
    return state(model)


def test_the_rate_is_scaled_during_the_update_alone() -> None:
    with changed("learning-rate", factor=0.5) as effect:
        halved = trained(0.125)
    assert same(halved, trained(0.0625))
    assert effect.done == {"updates with the learning rate scaled": 4}
    with changed("learning-rate", factor=1.0):
        assert same(trained(0.125), trained(0.125))


def test_an_optimizer_inside_another_is_changed_once() -> None:
    with changed("learning-rate", factor=0.5):
        halved = trained(0.125, wrapped=True)
    assert close(halved, trained(0.0625))


@pytest.mark.parametrize("then", [None, 0.25])
def test_after_an_update_that_raises_the_rate_is_scaled_once(then: float | None) -> None:
    """Also where the script answers with another rate."""
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), 0.125)

    def failing() -> float:
        raise KeyError("no batch")

    with changed("learning-rate", factor=0.5):
        with pytest.raises(KeyError):
            optimizer.step(failing)
        if then is not None:
            optimizer.param_groups[0]["lr"] = then
        train(model, optimizer)
    assert same(state(model), trained((then or 0.125) / 2))
    assert optimizer.param_groups[0]["lr"] == (then or 0.125)


def test_a_schedule_goes_on_from_the_rates_of_its_own() -> None:
    model, rates = small(), list[float]()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    with changed("learning-rate", factor=0.1):
        for _ in range(3):
            train(model, optimizer)
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.05, 0.025, 0.0125]
