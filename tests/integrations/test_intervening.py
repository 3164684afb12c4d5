"""`snellen.intervene` changes the training in its block, and nothing after it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import snellen
from snellen.integrations.intervening import InterventionError
from snellen.trials.interventions import INTERVENTIONS

torch = pytest.importorskip("torch")
F = torch.nn.functional
nn = torch.nn

PARAMETERS: dict[str, dict[str, Any]] = {
    "classes": {"weights": (0.5, 3.0)},
    "inputs": {"mean": (0.1,), "deviation": (2.0,)},
    "seed": {"offset": 1},
    "suspects": {"share": 0.5},
    "warm-up": {"steps": 5},
}


class Net(nn.Module):
    """A little of everything that interventions change."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4 * 16, 2)

    def forward(self, x: Any) -> Any:
        x = torch.sigmoid(self.first(x))
        x = self.drop(torch.tanh(self.second(x)))
        return torch.softmax(self.head(x.flatten(1)), 1)


def trained() -> list[Any]:
    """Weights after three steps on the same images."""
    torch.manual_seed(0)
    model = Net()
    model.second.weight.requires_grad_(False)
    data = torch.utils.data.TensorDataset(torch.rand(24, 1, 4, 4), torch.arange(24) % 2)
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.5, momentum=0.99, weight_decay=0.1)
    for x, y in torch.utils.data.DataLoader(data, batch_size=8):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        optimizer.step()
    return [parameter.detach().clone() for parameter in model.parameters()]


def same(one: list[Any], other: list[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_change_is_made_and_told() -> None:
    without = trained()
    with snellen.intervene("learning-rate", framework="torch", factor=0.1) as lower:
        assert repr(lower) == "<snellen: with the learning rate divided by 10: nothing yet>"
        within = trained()
    assert not same(within, without)
    assert lower.framework == "torch"
    assert lower.done == {"updates with the learning rate scaled": 3}
    assert lower.limits == ()
    assert "3 updates with the learning rate scaled" in repr(lower)
    assert same(trained(), without)


@pytest.mark.parametrize("name", sorted(INTERVENTIONS))
def test_nothing_of_any_change_is_left(name: str) -> None:
    without = trained()
    with snellen.intervene(name, framework="torch", **PARAMETERS.get(name, {})) as change:
        trained()
    assert change.done or change.limits, name
    assert same(trained(), without)


def test_a_change_that_stays_would_be_seen() -> None:
    without = trained()
    with snellen.intervene("learning-rate", framework="torch", factor=0.1):
        assert not same(trained(), without)


def test_blocks_stand_inside_one_another() -> None:
    without = trained()
    with (
        snellen.intervene("learning-rate", framework="torch", factor=0.1) as lower,
        snellen.intervene("zeroing", framework="torch") as zeroed,
    ):
        both = trained()
    with snellen.intervene("learning-rate", framework="torch", factor=0.1):
        one = trained()
    assert lower.done
    assert zeroed.done
    assert not same(both, one)
    assert same(trained(), without)


def test_an_error_of_the_block_takes_the_change_off_too() -> None:
    without = trained()
    with pytest.raises(ZeroDivisionError), snellen.intervene("decay", framework="torch"):
        _ = 1 / 0
    assert same(trained(), without)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("magic", {}, "no intervention 'magic'; there are: activations, batch-size"),
        ("learning-rate", {"times": 2}, "has no parameter times; it has factor"),
        ("decay", {"factor": 2}, "it has none"),
        ("decay", {"framework": "jax"}, "neither `torch` nor `keras`"),
    ],
)
def test_what_there_is_not_is_said(name: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InterventionError, match=said), snellen.intervene(name, **given):
        pass


def test_without_a_framework_it_is_said() -> None:
    code = (
        "import snellen\n"
        "try:\n"
        "    with snellen.intervene('decay'): pass\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "import torch or keras before the block"


def test_where_both_frameworks_are_imported_the_one_that_trains_has_to_be_said() -> None:
    pytest.importorskip("keras")
    code = (
        "import keras, torch, snellen\n"
        "try:\n"
        "    with snellen.intervene('decay') as change: print(change.framework)\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )

    def said(backend: str) -> str:
        env = {**os.environ, "KERAS_BACKEND": backend}
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, capture_output=True, text=True, check=True, env=env)
        return done.stdout.strip()

    assert said("torch") == "keras"
    other = os.environ.get("KERAS_BACKEND", "tensorflow")
    if other != "torch":
        assert "say which one trains" in said(other)
