"""C09 and C11: depth, and activations that saturate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from causes.cases import ask, belief, case, clear, found, plus, present, remedies
from snellen.causes.architecture.saturating_activation import SaturatingActivation
from snellen.causes.architecture.too_deep import TooDeep
from snellen.core import Verdict
from snellen.record import Subject
from snellen.stats import WeightUpdate
from symptoms.build import head, inline, stack, subject, update


def net(layers: int, *, ratio: float = 1.0, **changes: Any) -> Subject:
    """So many layers; the first one's relative gradient is `ratio` times the last one's."""
    made = stack(layers, **changes)
    history: dict[Any, Any] = {}
    for index, layer in enumerate(made):
        share = index / max(1, layers - 1)
        size = 1e-2 * ratio ** (1 - share)
        history |= inline(layer.name, WeightUpdate, "", (0, update(gradient=size)))
    return plus(subject(*made, head()), history)


@pytest.mark.parametrize(("layers", "many"), [(8, False), (9, True)])
def test_bare_layers(layers: int, many: bool) -> None:
    assert present(TooDeep, "many-bare-layers", case(net(layers))) is many
    for helped in ({"normalised": True}, {"residual": True}, {"activation": "sigmoid"}):
        assert present(TooDeep, "many-bare-layers", case(net(layers, **helped))) is False
    trained = replace(net(layers), facts={"loaded_weights": True})
    assert present(TooDeep, "many-bare-layers", case(trained)) is False


@pytest.mark.parametrize(
    ("ratio", "deep", "saturating"),
    [(1.0, False, False), (0.029, False, True), (9e-3, True, True), (301.0, True, False)],
)
def test_gradient_by_depth(ratio: float, deep: bool, saturating: bool) -> None:
    about = case(net(12, ratio=ratio))
    key = "gradient-fades-towards-the-front"
    assert present(TooDeep, key, about) is deep
    assert present(SaturatingActivation, key, about) is saturating


@pytest.mark.parametrize(
    ("layers", "activation", "several"),
    [
        (2, "sigmoid", False),
        (3, "sigmoid", True),
        (4, "tanh", False),
        (5, "tanh", True),
        (12, "relu", False),
    ],
)
def test_squashing_layers(layers: int, activation: str, several: bool) -> None:
    about = case(net(layers, activation=activation))
    assert present(SaturatingActivation, "several-squashing-layers", about) is several


@pytest.mark.parametrize(
    ("activation", "verdicts", "trusted"),
    [
        ("sigmoid", [clear("S03")], 1.0),
        ("tanh", [clear("S03")], 0.4),
        ("tanh", [found("S03")], 1.0),
        ("tanh", [], 1.0),
    ],
)
def test_steep_tanh_takes_little_from_the_gradient(
    activation: str, verdicts: list[Verdict], trusted: float
) -> None:
    about = case(net(12, activation=activation), *verdicts)
    seen = ask(SaturatingActivation, "several-squashing-layers", about)
    assert (seen.present, seen.reliability) == (True, trusted)


def test_four_convolutions_are_blamed_for_neither() -> None:
    about = case(net(4, ratio=0.5), found("S01"), clean=["S08", "S09", "S10", "S03"])
    assert belief(TooDeep, about) < 0.05
    assert belief(SaturatingActivation, about) < 0.05


def test_look_alikes_are_kept_apart() -> None:
    deep = case(net(18, ratio=1e-6), found("S08", step=0))
    sigmoids = case(net(12, ratio=1e-7, activation="sigmoid"), found("S10"), clean=["S08"])
    assert belief(TooDeep, deep) > 0.9
    assert belief(SaturatingActivation, deep) < 0.1
    assert belief(SaturatingActivation, sigmoids) > 0.85
    assert belief(TooDeep, sigmoids) < belief(SaturatingActivation, sigmoids)


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_name_the_layers(keras: bool) -> None:
    deep, skip = remedies(TooDeep, case(net(18), keras=keras))
    assert "18 layers" in deep.title
    assert "skip" in skip.title
    (flat, *_) = remedies(SaturatingActivation, case(net(12, activation="sigmoid"), keras=keras))
    assert flat.title == "Replace sigmoid by ReLU in 12 hidden layers"
