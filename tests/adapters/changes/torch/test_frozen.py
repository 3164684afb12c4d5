"""A script that freezes layers trains as one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    batches,
    changed,
    same,
    small,
    state,
    train,
    watched,
)

FREED = "frozen parameters set free"
JOINED = "parameters that joined an optimizer"

Given = Callable[[nn.Sequential], Any]

GIVEN: dict[str, Given] = {
    "all": lambda m: m.parameters(),
    "those that learn": lambda m: (p for p in m.parameters() if p.requires_grad),
    "the head": lambda m: m[3:].parameters(),
}


def trained(given: Given, *, freezes: bool, again: bool = False) -> dict[str, Tensor]:
    """`again`: the script freezes in each step."""
    model = small()
    model[:3].requires_grad_(not freezes)
    optimizer = torch.optim.SGD(given(model), 0.1, momentum=0.9)
    for batch in batches():
        if again:
            model[:3].requires_grad_(not freezes)
        train(model, optimizer, data=[batch])
    return state(model)


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("again", [False, True])
def test_frozen_layers_are_trained_from_the_first_step_on(name: str, again: bool) -> None:
    wanted = trained(GIVEN["all"], freezes=False)
    with changed("frozen") as effect:
        assert same(trained(GIVEN[name], freezes=True, again=again), wanted)
    joined = {} if name == "all" else {JOINED: 4}
    assert effect.done == {FREED: 4} | joined
    assert not effect.limits
    assert not same(trained(GIVEN[name], freezes=True), wanted)


def test_a_training_without_frozen_layers_is_not_touched() -> None:
    bare = trained(GIVEN["all"], freezes=False)
    with changed("frozen") as effect:
        assert same(trained(GIVEN["all"], freezes=False), bare)
        # Nor one that was not given all of its layers and froze none.
        assert not same(trained(GIVEN["the head"], freezes=False), bare)
    assert not effect.done


def test_what_no_optimizer_trains_stays_frozen() -> None:
    """A teacher, and a model in evaluation mode."""
    teacher, model = small(1).requires_grad_(False), small()
    before = state(teacher)
    with changed("frozen") as effect:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        train(model, optimizer, lambda m, x, y: (m(x) - teacher(x)).square().mean())
        model.requires_grad_(False).eval()(batches()[0][0])
    assert not any(p.requires_grad for p in (*teacher.parameters(), *model.parameters()))
    assert all(torch.equal(p, before[n]) for n, p in teacher.named_parameters())
    assert not effect.done


def test_modes_and_whole_numbers_stay_as_they_are() -> None:
    model = small()
    model[1].eval()
    model.register_parameter("count", nn.Parameter(torch.tensor([3]), requires_grad=False))
    model.requires_grad_(False)
    model[6].requires_grad_(True)
    statistics = model[1].running_mean.clone()  # pyright: ignore[reportCallIssue]
    with changed("frozen") as effect:
        train(model, torch.optim.SGD(model[6].parameters(), 0.1))
    assert torch.equal(model[1].running_mean, statistics)  # pyright: ignore[reportArgumentType]
    assert model.count.tolist() == [3]
    assert not model.count.requires_grad
    assert effect.done == {FREED: 6, JOINED: 6}


def test_a_script_that_thaws_layers_by_itself_later_goes_on() -> None:
    model = small()
    model[:3].requires_grad_(False)
    with changed("frozen"):
        optimizer = torch.optim.SGD(model[3:].parameters(), 0.1)
        train(model, optimizer)
        model.requires_grad_(True)
        optimizer.add_param_group({"params": model[:3].parameters(), "lr": 0.01})
        train(model, optimizer)
    assert [len(g["params"]) for g in optimizer.param_groups] == [4, 4]


class Without(nn.Module):
    """Runs its frozen layers without a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = small()
        self.layers[:3].requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = self.layers[:3](x)
        return self.layers[3:](x)


def test_layers_that_run_without_gradients_are_said_to_stay() -> None:
    model = Without()
    before = state(model)
    with changed("frozen") as effect:
        train(model, torch.optim.SGD(model.layers[3:].parameters(), 0.1))
    assert torch.equal(model.layers[0].weight, before["layers.0.weight"])  # pyright: ignore[reportArgumentType]
    assert effect.limits == (
        "frozen parameters that run without gradients (`torch.no_grad`, `detach`) get none",
    )


def test_a_watcher_sees_layers_that_learn(tmp_path: Path) -> None:
    def run() -> None:
        trained(GIVEN["the head"], freezes=True)

    with changed("frozen"):
        subject = watched(run, tmp_path)
    assert subject.facts["frozen_parameters"] == 0
    (tmp_path / "bare").mkdir()
    assert watched(run, tmp_path / "bare").facts["frozen_parameters"] > 0
