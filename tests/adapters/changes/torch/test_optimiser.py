"""Odd settings of an optimizer act like the usual ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from adapters.changes.torch.trainings_updates import changed, same, small, state, train


class OwnAdam(torch.optim.Adam):
    """With defaults of its own."""

    def __init__(self, params: Any, lr: float = 1e-2, betas: Any = (0.5, 0.9), **more: Any) -> None:
        super().__init__(params, lr, betas, **more)


class Lion(torch.optim.Optimizer):
    """Kin to nothing that PyTorch has; what it is given is used."""

    def __init__(self, params: Any, lr: float = 1e-3, decay: float = 0.5) -> None:
        super().__init__(params, {"lr": lr, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(p.grad.sign(), alpha=group["lr"] * group["decay"])


def trained(kind: Any, **options: Any) -> dict[str, Tensor]:
    model = small()
    optimizer = kind(model.parameters(), **options)
    train(model, optimizer)
    for key, value in options.items():
        assert optimizer.param_groups[0][key] == value
    return state(model)


ODD: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (torch.optim.SGD, {"momentum": 0.99}, {"momentum": 0.9}),
    (torch.optim.SGD, {"momentum": 0.99, "nesterov": True}, {"momentum": 0.9, "nesterov": True}),
    (torch.optim.Adam, {"betas": (0.0, 0.5), "eps": 1.0}, {"betas": (0.9, 0.999), "eps": 1e-8}),
    (torch.optim.AdamW, {"betas": (0.99, 0.9)}, {"betas": (0.9, 0.999)}),
    (torch.optim.NAdam, {"eps": 0.1}, {"eps": 1e-8}),
    (torch.optim.RMSprop, {"alpha": 0.1, "eps": 1.0, "momentum": 0.99}, {"momentum": 0.9}),
    (torch.optim.Adadelta, {"rho": 0.1}, {"rho": 0.9}),
    (OwnAdam, {}, {"betas": (0.9, 0.999)}),
]


@pytest.mark.parametrize(("kind", "odd", "usual"), ODD)
def test_an_odd_optimizer_updates_as_the_usual_one(
    kind: Any, odd: dict[str, Any], usual: dict[str, Any]
) -> None:
    wanted = trained(kind, lr=1e-2, **usual)
    with changed("optimiser") as effect:
        assert same(trained(kind, lr=1e-2, **odd), wanted)
    assert effect.done == {"updates with the usual momentum and epsilon": 4}
    assert not same(trained(kind, lr=1e-2, **odd), wanted)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.SGD, {}),
        (torch.optim.SGD, {"momentum": 0.5}),
        (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1}),
        (torch.optim.Adam, {"betas": (0.9, 0.999), "amsgrad": True}),
        (torch.optim.Adagrad, {}),
        (torch.optim.Rprop, {}),
    ],
)
def test_usual_ones_are_left_alone(kind: Any, options: dict[str, Any]) -> None:
    bare = trained(kind, lr=1e-2, **options)
    with changed("optimiser") as effect:
        assert same(trained(kind, lr=1e-2, **options), bare)
    assert not effect.done
    assert not effect.limits


def test_an_optimizer_that_is_not_known_is_left_alone_and_named() -> None:
    bare = trained(Lion, lr=1e-2)
    with changed("optimiser") as effect:
        assert same(trained(Lion, lr=1e-2), bare)
    assert not effect.done
    assert effect.limits == ("the usual values of Lion are not known",)
