"""S08: fits the signal over depth before training, and leaves out what re-scales itself."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import Layer, LayerKind
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.signal.forward_signal import ForwardSignal
from symptoms.build import (
    UNHARMED,
    conv,
    grade,
    head,
    maps,
    probe,
    sentence,
    stack,
    subject,
    verdicts_of,
)


def network(sizes: list[float], *, step: int = 0, images: int = 320, **changes: Any) -> Subject:
    """Layers in a row whose maps have these root mean squares."""
    layers = stack(len(sizes), **changes)
    history: dict[Any, Any] = {}
    for layer, size in zip(layers, sizes, strict=True):
        part = "pre" if layer.activation == "linear" else "post"
        history |= probe(layer.name, MapSummary, part, (step, maps(std=size, images=images)))
    return subject(*layers, head(), history=history)


def geometric(factor: float, layers: int) -> list[float]:
    return [factor**i for i in range(layers)]


@pytest.mark.parametrize(
    ("factor", "layers", "expected"),
    [
        pytest.param(1.0, 30, "clear", id="He: level"),
        pytest.param(0.81, 20, "clear", id="a slow fall"),
        pytest.param(0.59, 4, "note", id="Glorot, 64 to 512 channels: worth a note"),
        pytest.param(0.41, 6, "note", id="PyTorch's default at 6 layers"),
        pytest.param(0.41, 9, "warning", id="PyTorch's default at 9 layers"),
        pytest.param(1.9, 11, "clear", id="grows, to 600"),
        pytest.param(2.0, 11, "warning", id="grows, to 1024"),
    ],
)
def test_over_depth(factor: float, layers: int, expected: str) -> None:
    assert grade(ForwardSignal(), network(geometric(factor, layers)), "") == expected


def test_sentences() -> None:
    assert sentence(ForwardSignal(), network(geometric(0.41, 18))) == (
        "before the first step the maps' root mean square changed by a factor of 0.41 per layer "
        "over 18 "
        "layers, from 1 to 2.6e-7 (allowed: 0.001 to 1000 over the whole depth)"
    )
    assert sentence(ForwardSignal(), network(geometric(0.6, 4))) == (
        "before the first step the maps' root mean square changed by a factor of 0.6 per layer "
        "over 4 "
        "layers, from 1 to 0.216 (allowed: at least 0.8 per layer)"
    )
    drop = verdicts_of(ForwardSignal(), network([1, 1, 0.05, 0.05, 0.05, 1, 1]))["conv2"]
    assert drop.evidence.sentence() == (
        "before the first step the maps' root mean square was 0.05, 0.05 of 1 in conv1 "
        "(allowed: at "
        "least 0.1)"
    )


@pytest.mark.parametrize(("drop", "expected"), [(0.1, "silent"), (0.099, "warning")])
def test_a_drop_at_one_layer(drop: float, expected: str) -> None:
    assert grade(ForwardSignal(), network([1, 1, drop, drop, drop]), "conv2") == expected


def test_without_harm_it_is_a_note() -> None:
    assert grade(ForwardSignal(), network(geometric(0.41, 18)), "", UNHARMED) == "note"


@pytest.mark.parametrize("changes", [{"activation": "linear"}, {"residual": True}])
def test_layers_without_activation_and_rectified_sums_count(changes: dict[str, Any]) -> None:
    assert grade(ForwardSignal(), network(geometric(0.41, 9), **changes), "") == "warning"


def test_three_layers_are_enough_for_a_depth() -> None:
    assert grade(ForwardSignal(), network(geometric(0.01, 3)), "") == "warning"


def test_normalised_layers_re_scale_themselves() -> None:
    watched = network(geometric(0.1, 18), normalised=True)
    assert grade(ForwardSignal(), watched, "") == "silent"


def test_sums_of_normalised_branches_are_no_depth_of_their_own() -> None:
    """A BatchNorm in evaluation mode scales nothing before the first step."""
    layers: list[Layer] = []
    history: dict[Any, Any] = {}
    for i in range(4):
        inner = conv(f"block{i}.conv", index=2 * i, normalised=True, activation="linear")
        after = Layer(
            f"block{i}", 2 * i + 1, LayerKind.ACTIVATION, "relu", 8, (8, 8), "relu",
            inputs=(inner.name,),
        )  # fmt: skip
        layers += [inner, after]
        history |= probe(after.name, MapSummary, "post", (0, maps(std=0.1**i)))
    assert grade(ForwardSignal(), subject(*layers, history=history), "") == "silent"


def test_a_few_layers_among_normalised_ones_show_no_law() -> None:
    layers = [*stack(4), *[conv(f"n{i}", index=9 + i, normalised=True) for i in range(5)]]
    history: dict[Any, Any] = {}
    for i in range(4):
        history |= probe(f"conv{i}", MapSummary, "post", (0, maps(std=0.01**i)))
    assert grade(ForwardSignal(), subject(*layers, history=history), "") == "silent"


def test_a_branch_that_begins_at_zero_is_no_fading_signal() -> None:
    layers = [*stack(4), conv("branch", index=4, residual=True, activation="linear")]
    history: dict[Any, Any] = {}
    for layer in layers[:4]:
        history |= probe(layer.name, MapSummary, "post", (0, maps()))
    history |= probe("branch", MapSummary, "pre", (0, maps(std=1e-9)))
    assert grade(ForwardSignal(), subject(*layers, history=history), "") == "clear"


def test_only_maps_before_training_count() -> None:
    assert grade(ForwardSignal(), network(geometric(0.1, 9), step=5), "") == "undecided"


def test_two_layers_have_no_depth() -> None:
    assert grade(ForwardSignal(), network([1, 1e-9]), "") == "silent"


def test_few_images() -> None:
    assert grade(ForwardSignal(), network(geometric(0.41, 18), images=19), "") == "undecided"


def test_a_signal_of_zeros_has_no_factor() -> None:
    assert grade(ForwardSignal(), network([0.0, 0.0, 0.0, 0.0]), "") == "undecided"
