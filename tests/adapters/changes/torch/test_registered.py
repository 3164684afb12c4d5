"""What the script forgot to give its optimizer is trained as if it had been given."""

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
    plain_loss,
    same,
    small,
    state,
    train,
    watched,
)

JOINED = "parameters that joined an optimizer"


class Hidden(nn.Module):
    """Layers kept where PyTorch does not see them."""

    def __init__(self, keep: Callable[[list[nn.Module]], Any], scale: Any = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)]
        self.head = nn.Linear(400, 10)
        self.layers = keep(layers)
        # Not a second place where they are found.
        self.order = lambda: layers
        self.scale = scale if scale is not None else 1.0
        self.history = list(range(5000))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.order():
            x = layer(x).relu()
        return self.head((x * self.scale).flatten(1))


KEEPS: dict[str, Callable[[list[nn.Module]], Any]] = {
    "list": list,
    "tuple": tuple,
    "dict": lambda layers: dict(enumerate(layers)),
    "nested": lambda layers: {"blocks": [(layer,) for layer in layers]},
    "registered too": nn.ModuleList,
}


def all_of(model: Hidden) -> dict[str, Tensor]:
    named = {f"{i}.{n}": p for i, m in enumerate(model.order()) for n, p in m.named_parameters()}
    return {k: v.detach().clone() for k, v in (named | dict(model.head.named_parameters())).items()}


@pytest.mark.parametrize("name", KEEPS)
def test_hidden_layers_are_trained_like_registered_ones(name: str) -> None:
    by_hand = Hidden(nn.ModuleList)
    train(by_hand, torch.optim.Adam(by_hand.parameters(), 1e-2))
    with changed("registered") as effect:
        model = Hidden(KEEPS[name])
        train(model, torch.optim.Adam(model.parameters(), 1e-2))
    assert same(all_of(model), all_of(by_hand))
    assert effect.done == ({} if name == "registered too" else {JOINED: 4})


def test_a_plain_tensor_that_learns_joins() -> None:
    scale = torch.ones(1, requires_grad=True)
    with changed("registered") as effect:
        model = Hidden(nn.ModuleList, scale)
        train(model, torch.optim.SGD(model.parameters(), 0.1))
    assert float(scale.detach()) != 1.0
    assert effect.done == {JOINED: 1}


def partly(*, given: bool, late: bool = False) -> dict[str, Tensor]:
    """The first layers are given to no optimizer; `late`: they are frozen for the first step."""
    model = small()
    optimizer = torch.optim.SGD((model if given else model[3:]).parameters(), 0.1, momentum=0.9)
    for part in model[:3].parameters():
        part.requires_grad_(not late)
    for step, batch in enumerate(batches()):
        if step == 1:
            model.requires_grad_(True)
        train(model, optimizer, data=[batch])
    return state(model)


@pytest.mark.parametrize("late", [False, True])
def test_parameters_without_an_optimizer_join_as_soon_as_they_ask_for_gradients(
    late: bool,
) -> None:
    wanted = partly(given=True, late=late)
    with changed("registered") as effect:
        got = partly(given=False, late=late)
        assert same(got, wanted)
    assert effect.done == {JOINED: 4}
    assert not same(partly(given=False, late=late), wanted)


def test_a_training_with_nothing_forgotten_is_not_touched() -> None:
    bare = partly(given=True)
    with changed("registered") as effect:
        assert same(partly(given=True), bare)
    assert not effect.done


def test_frozen_parameters_and_models_without_an_optimizer_stay() -> None:
    teacher, model = small(1), small()
    model[0].requires_grad_(False)
    before = state(teacher) | {f"0.{k}": v for k, v in state(model[0]).items()}

    def distilled(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return (model(x) - teacher(x)).square().mean()

    with changed("registered") as effect:
        optimizer = torch.optim.SGD(model[3:].parameters(), 0.1)
        train(model, optimizer, distilled)
    assert torch.equal(model[0].weight, before["0.weight"])  # pyright: ignore[reportArgumentType]
    assert torch.equal(teacher[3].weight, before["3.weight"])  # pyright: ignore[reportArgumentType]
    # The normalisation between.
    assert effect.done == {JOINED: 2}


GIVES: dict[str, Callable[[torch.optim.Optimizer, nn.Module], object]] = {
    "list": lambda o, m: o.add_param_group({"params": list(m.parameters()), "lr": 0.01}),
    "generator": lambda o, m: o.add_param_group({"params": m.parameters(), "lr": 0.01}),
    "one by one": lambda o, m: [o.add_param_group({"params": p}) for p in m.parameters()],
    "another": lambda o, m: torch.optim.SGD(m.parameters(), 0.01),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVES)
def test_a_script_that_gives_them_to_an_optimizer_later_finds_them_free(name: str) -> None:
    model = small()
    with changed("registered"):
        optimizer = torch.optim.SGD(model[3:].parameters(), 0.1)
        train(model, optimizer)
        assert len(optimizer.param_groups[0]["params"]) == 8
        kept = GIVES[name](optimizer, model[:3])
        train(model, optimizer)
        assert len(optimizer.param_groups[0]["params"]) == 4
    del kept
    wrong: Any = model.parameters
    with changed("registered"), pytest.raises(TypeError, match="iterable"):
        optimizer.add_param_group({"params": wrong})


def test_states_that_were_saved_with_or_without_them_can_be_loaded() -> None:
    model = small()
    with changed("registered"):
        optimizer = torch.optim.SGD(model[3:].parameters(), 0.1, momentum=0.9)
        without = optimizer.state_dict()
        train(model, optimizer)
        with_them = optimizer.state_dict()
        optimizer.load_state_dict(with_them)
        assert len(optimizer.param_groups[0]["params"]) == 8
        optimizer.load_state_dict(without)
        assert len(optimizer.param_groups[0]["params"]) == 4
        train(model, optimizer)
        assert len(optimizer.param_groups[0]["params"]) == 8


def test_names_of_parameters_go_with_them() -> None:
    model = small()
    with changed("registered"):
        optimizer = torch.optim.SGD(model[3:].named_parameters(), 0.1)
        train(model, optimizer)
        (group,) = optimizer.param_groups
        assert len(group["param_names"]) == len(group["params"]) == 8
        optimizer.add_param_group({"params": model[:3].named_parameters()})
        assert [len(g["param_names"]) for g in optimizer.param_groups] == [4, 4]
        assert group["param_names"] == [n for n, _ in model[3:].named_parameters()]


def test_a_scaler_finds_their_gradients_from_the_first_step_on() -> None:
    def trained(given: bool) -> dict[str, Tensor]:
        model = small()
        optimizer = torch.optim.SGD((model if given else model[3:]).parameters(), 0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
        for x, y in batches():
            optimizer.zero_grad()
            scaler.scale(plain_loss(model, x, y)).backward()
            scaler.step(optimizer)
            scaler.update()
        return state(model)

    wanted = trained(given=True)
    with changed("registered"):
        got = trained(given=False)
    assert same(got, wanted)


def test_they_join_the_optimizer_that_holds_most_of_their_model() -> None:
    model, other = small(), small(1)
    with changed("registered"):
        few = torch.optim.SGD([model[6].bias], 0.1)
        most = torch.optim.SGD([model[3].weight, model[3].bias, model[6].weight], 0.1)
        apart = torch.optim.SGD(other.parameters(), 0.1)
        model(batches()[0][0])
    sizes = [len(o.param_groups[0]["params"]) for o in (few, most, apart)]
    assert sizes == [1, 7, 8]


def test_an_optimizer_that_prepares_its_state_is_left_alone() -> None:
    model = small()
    with changed("registered") as effect:
        train(model, torch.optim.Adagrad(model[3:].parameters(), 0.1))
    assert not effect.done
    assert effect.limits == ("Adagrad has prepared a state, so that no parameters can join",)


def test_a_watcher_finds_every_parameter_with_an_optimizer(tmp_path: Path) -> None:
    with changed("registered"):
        subject = watched(lambda: partly(given=False), tmp_path)
    assert subject.facts["unoptimised"] == []
    (tmp_path / "bare").mkdir()
    assert watched(lambda: partly(given=False), tmp_path / "bare").facts["unoptimised"]
