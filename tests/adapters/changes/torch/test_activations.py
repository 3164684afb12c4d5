"""A training with ReLU in place of saturating activations equals one whose model has ReLU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_b import changed, same, seeded, train, watched
from adapters.torch.programs import images

DONE = "saturating activations replaced by ReLU"

Act = Callable[[Tensor], Tensor]


class Net(nn.Module):
    """One activation module called twice, functions and methods; the head's own stays."""

    def __init__(self, *, relu: bool = False) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3)
        self.hidden, self.head = nn.Linear(4, 8), nn.Linear(8, 10)
        self.act: nn.Module = nn.ReLU() if relu else nn.Tanh()
        self.function: Act = F.relu if relu else torch.sigmoid
        self.out = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.act(self.first(x)), 2)
        x = self.act(self.second(x)).mean((2, 3))
        return self.out(self.head(self.function(self.hidden(x))))


def test_a_training_is_that_of_a_model_with_relu() -> None:
    expected = train(seeded(lambda: Net(relu=True)))
    with changed("activations") as effect:
        found = train(seeded(Net))
    assert same(found, expected)
    assert effect.done == {DONE: 3 * 8}
    assert effect.limits == ()


def test_evaluation_has_relu_too() -> None:
    x, _ = images(8)
    expected = seeded(lambda: Net(relu=True)).eval()(x)
    with changed("activations"), torch.no_grad():
        assert same([seeded(Net).eval()(x)], [expected])


ACTIVATIONS: dict[str, Act] = {
    "nn.Sigmoid": nn.Sigmoid(),
    "nn.Tanh": nn.Tanh(),
    "nn.Hardsigmoid": nn.Hardsigmoid(),
    "nn.Hardtanh": nn.Hardtanh(),
    "nn.LogSigmoid": nn.LogSigmoid(),
    "nn.Softsign": nn.Softsign(),
    "nn.Hardtanh in place": nn.Hardtanh(inplace=True),
    "F.hardsigmoid in place": lambda x: F.hardsigmoid(x, inplace=True),
    "F.sigmoid": F.sigmoid,
    "F.tanh": F.tanh,
    "F.logsigmoid": F.logsigmoid,
    "torch.tanh": torch.tanh,
    "torch.tanh_": torch.tanh_,
    "torch.special.expit": torch.special.expit,
    "Tensor.sigmoid": lambda x: x.sigmoid(),
    "Tensor.tanh_": lambda x: x.tanh_(),
}


class Between(nn.Module):
    """A function of maps between two layers."""

    def __init__(self, between: Act, *, keeps: bool = False) -> None:
        super().__init__()
        self.conv, self.head, self.between = nn.Conv2d(1, 3, 3), nn.Linear(3, 2), between
        self.keeps = keeps

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x)
        made = self.between(maps)
        # Written in place, the maps are what was made of them.
        return self.head((maps if self.keeps else made).mean((2, 3)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_form_becomes_relu(name: str) -> None:
    x, in_place = torch.randn(4, 1, 5, 5), name.endswith("_") or "in place" in name
    expected = seeded(lambda: Between(F.relu))(x)
    with changed("activations") as effect:
        assert same([seeded(lambda: Between(ACTIVATIONS[name]))(x)], [expected])
        if in_place:
            assert same([seeded(lambda: Between(ACTIVATIONS[name], keeps=True))(x)], [expected])
    assert effect.done == {DONE: 1 + in_place}


class Squeezing(nn.Module):
    """A gate made of the maps that it is multiplied with."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.squeeze, self.act = nn.Linear(3, 3), act

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(x)
        return x * torch.sigmoid(self.squeeze(x.mean((2, 3))))[:, :, None, None]


class GatedUnit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.a(x)) * torch.sigmoid(self.b(x))


class Cell(nn.Module):
    """A recurrent layer written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.given, self.state = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros(len(x), 3)
        for row in x.mean(2).unbind(-1):
            state = torch.tanh(self.given(row) + self.state(state))
        return state[:, :, None, None]


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.LSTM(3, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.mean(2).mT)[0].mT[:, :, None]


ALONE: dict[str, Callable[[], Act]] = {
    "swish": lambda: lambda x: x * torch.sigmoid(x),
    "gelu": lambda: lambda x: 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.04 * x**3))),
    "a gated unit": GatedUnit,
    "a recurrent layer": Recurrent,
    "a recurrent layer written by hand": Cell,
    "a gate": lambda: Squeezing(F.relu),
    "relu6": lambda: nn.ReLU6(),
    "a relu with a maximum": lambda: nn.Hardtanh(0, 1),
    "softplus": lambda: nn.Softplus(),
}


@pytest.mark.parametrize("case", ALONE)
def test_what_is_left_alone(case: str) -> None:
    x = torch.randn(4, 1, 5, 5)
    model = Between(ALONE[case]())
    bare = model(x)
    with changed("activations") as effect:
        assert same([model(x)], [bare])
    assert effect.done == {}


def test_maps_with_a_gate_made_of_them_become_relu_and_the_gate_stays() -> None:
    x = torch.randn(4, 1, 5, 5)
    expected = seeded(lambda: Between(Squeezing(F.relu)))(x)
    with changed("activations") as effect:
        assert same([seeded(lambda: Between(Squeezing(torch.tanh)))(x)], [expected])
    assert effect.done == {DONE: 1}


OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "reshaped": lambda x: torch.tanh(x).flatten(1),
    "scaled": lambda x: (torch.tanh(x) + 1) / 2,
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_makes_the_output_stays(name: str) -> None:
    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.ConvTranspose2d(1, 1, 3)

        def forward(self, x: Tensor) -> Tensor:
            return OUTPUTS[name](self.layer(x))

    model, x = Generator(), torch.randn(4, 1, 5, 5)
    bare = model(x)
    with changed("activations") as effect:
        assert same([model(x)], [bare])
    assert effect.done == {}


def test_what_is_given_out_and_read_by_another_layer_stays() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.head = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            features = torch.tanh(self.first(x))
            return features, self.head(features)

    model, x = Both(), torch.randn(4, 3)
    bare = model(x)
    with changed("activations"):
        assert same(model(x), bare)


def test_a_function_outside_of_a_model_stays() -> None:
    x = torch.randn(4)
    with changed("activations"):
        assert torch.equal(nn.Tanh()(x), torch.tanh(x))
        assert torch.equal(torch.tanh(x), x.tanh())


def test_parts_of_a_model_answer_as_they_do_within_it() -> None:
    model, x = seeded(Net), images(4)[0]
    with changed("activations"):
        model(x)
        part = nn.Sequential(model.first, model.act)
        assert torch.equal(part(x), F.relu(model.first(x)))


def test_nothing_is_left_of_it_afterwards() -> None:
    bare = train(seeded(Net))
    with changed("activations"):
        pass
    assert same(train(seeded(Net)), bare)


def test_the_watcher_sees_relu(tmp_path: Path) -> None:
    with changed("activations"):
        unwatched = train(seeded(Net))
        with watched(tmp_path) as runs:
            assert same(train(seeded(Net)), unwatched)
    (subject,) = runs[0].subjects
    assert [layer.activation for layer in subject.layers] == ["relu", "relu", "relu", "tanh"]
