"""S47: linear layers in a row, and those that are linear on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import Layer, Window, WindowKind
from snellen.record import Subject
from snellen.symptoms.wiring.missing_nonlinearity import MissingNonlinearity
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject
from symptoms.wired import linearity

MAX_POOL = Window(WindowKind.MAX_POOL, (2, 2), (2, 2))
DIRECT = ((),)


def linear(name: str, index: int = 0, *inputs: str, **changes: Any) -> Layer:
    values = {"activation": "linear", "paths": DIRECT, "weight_shape": (8, 8, 3, 3)}
    return conv(name, index=index, **(values | {"inputs": inputs} | changes))


def network(*layers: Layer, curvature: float | None = None) -> Subject:
    history = {} if curvature is None else linearity(curvature)
    return subject(*layers, head(inputs=(layers[-1].name,)), history=history)


def flat(curvature: float | None = None, **changes: Any) -> Subject:
    return network(linear("a"), linear("b", 1, "a", **changes), curvature=curvature)


def mixed(second: dict[str, Any] | None = None, **changes: Any) -> Subject:
    """A linear convolution read by another one, in a network with activations."""
    reader = linear("b", 1, "a", **({"activation": "relu"} | (second or {})))
    return network(linear("a", **changes), reader, curvature=0.3)


@pytest.mark.parametrize(
    ("curvature", "expected"),
    [(1e-6, "warning"), (9.9e-5, "warning"), (1.1e-4, "clear"), (None, "warning")],
)
def test_no_activation_at_all(curvature: float | None, expected: str) -> None:
    """What bends the answers was not seen as an activation, but it is one."""
    assert grade(MissingNonlinearity(), flat(curvature), "", HARMED) == expected


def test_without_harm_it_is_a_note() -> None:
    assert grade(MissingNonlinearity(), flat(1e-6), "", UNHARMED) == "note"


def test_max_pooling_bends_the_answers_and_is_named() -> None:
    pooled = flat(0.2, paths=((MAX_POOL,),))
    assert grade(MissingNonlinearity(), pooled, "", HARMED) == "warning"
    assert sentence(MissingNonlinearity(), pooled) == (
        "2 of 2 hidden layers have no activation (allowed: not all of them); max pooling alone is "
        "not linear"
    )


def test_a_pair_in_a_network_with_activations() -> None:
    assert grade(MissingNonlinearity(), mixed(), "a", HARMED) == "warning"
    assert sentence(MissingNonlinearity(), mixed()) == (
        "nothing stands between the convolutions a and b: the two can do no more than one larger "
        "one (allowed: an activation between them)"
    )


ON_PURPOSE = {
    "a bottleneck": mixed(channels=4, weight_shape=(4, 8, 3, 3)),
    "a pointwise convolution": mixed(weight_shape=(8, 8, 1, 1)),
    "a depthwise convolution": mixed(groups=8, weight_shape=(8, 1, 3, 3)),
    "a pointwise one behind a depthwise one": mixed(second={"weight_shape": (8, 8, 1, 1)}),
    "the end of a residual branch": mixed(residual=True),
    "a transposed convolution": mixed(transposed=True),
    "a join": mixed(second={"inputs": ("a", "b"), "paths": ((), ())}),
    "a pool between": mixed(second={"paths": ((MAX_POOL,),)}),
    "unknown between": mixed(second={"paths": ()}),
    "the head": mixed(second={"head": True, "activation": "linear"}),
    "an activation between": mixed(activation="gelu"),
    "an unknown one": mixed(activation=None),
}


@pytest.mark.parametrize("name", ON_PURPOSE)
def test_linear_on_purpose(name: str) -> None:
    assert grade(MissingNonlinearity(), ON_PURPOSE[name], "a", HARMED) == "silent"


def test_rectifiers_that_are_all_on_are_no_missing_ones() -> None:
    watched = network(conv("a"), conv("b", index=1, inputs=("a",)), curvature=1e-7)
    assert grade(MissingNonlinearity(), watched, "", HARMED) == "clear"


def test_a_single_layer_is_a_linear_model_by_intent() -> None:
    assert grade(MissingNonlinearity(), subject(head()), "", HARMED) == "silent"


def test_sentence() -> None:
    assert sentence(MissingNonlinearity(), flat(1e-6)) == (
        "the answers bend by 1e-6 of their change when the images change (allowed: more than "
        "1e-4): 2 of 2 hidden layers have no activation"
    )
