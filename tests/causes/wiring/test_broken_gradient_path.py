"""C26: layers that no gradient reaches."""

from __future__ import annotations

from typing import Any

import pytest

from causes.data.cases import answering, belief, case, clear, dead, found, in_keras, remedies, state
from causes.wiring.layers import moved_by, network, pushed_by
from snellen.causes.wiring.broken_gradient_path import BrokenGradientPath
from snellen.core import Severity
from snellen.symptoms.gradient.zero_gradients import NoGradient

MADE = {"created_in_forward": [{"type": "Conv2d"}], "unregistered": []}
LISTED = {"unregistered": [{"type": "Conv2d", "name": "a"}] * 3, "created_in_forward": []}
NONE: dict[str, Any] = {"unregistered": [], "created_in_forward": []}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [(MADE, "present"), (LISTED, "present"), (NONE, "absent"), ({}, "unmeasured")],
)
def test_strangers(facts: dict[str, Any], expected: str) -> None:
    watched = case(answering(facts=facts))
    assert state(BrokenGradientPath, "layers-that-are-not-the-models", watched) == expected


def test_fixed_strangers_are_meant() -> None:
    blur = {"unregistered": [{"type": "Conv2d", "name": "blur", "trainable": False}]}
    watched = case(answering(facts=blur))
    assert state(BrokenGradientPath, "layers-that-are-not-the-models", watched) == "absent"


def test_one_break_is_enough() -> None:
    cut = case(answering(facts=NONE), found("S59"))
    assert state(BrokenGradientPath, "layers-that-are-not-the-models", cut) == "unmeasured"


def test_gradients() -> None:
    key = "layers-without-gradient"
    whole = network(pushed_by(conv0=0.1, conv1=0.1))
    assert state(BrokenGradientPath, key, case(whole, found("S59"))) == "present"
    for reason, expected in (("", "present"), ("every channel of conv1 is dead", "absent")):
        none = NoGradient(("conv0",), 3, 20, True, reason)
        noted = found("S59", Severity.NOTE, none)
        assert state(BrokenGradientPath, key, case(whole, noted)) == expected
    assert state(BrokenGradientPath, key, case(whole, clear("S59"))) == "absent"
    assert state(BrokenGradientPath, key, case(whole)) == "unmeasured"


@pytest.mark.parametrize(
    ("moved", "facts", "expected"),
    [
        ({"conv0": 0.0, "conv1": 0.1}, {}, "present"),
        ({"conv0": 0.1, "conv1": 0.1}, {}, "absent"),
        # No optimiser holds it: that is another cause.
        (
            {"conv0": 0.0, "conv1": 0.1},
            {"unoptimised": [{"layer": "conv0", "parameter": "weight", "elements": 216}]},
            "absent",
        ),
        ({}, {}, "unmeasured"),
    ],
)
def test_standing_still(moved: dict[str, float], facts: dict[str, Any], expected: str) -> None:
    watched = network(moved_by(**moved), facts=facts)
    key = "layers-stood-still-though-optimised"
    assert state(BrokenGradientPath, key, case(watched)) == expected


@pytest.mark.parametrize(("share", "expected"), [(1.0, "present"), (0.9, "absent")])
def test_dead_layers_block_it_as_well(share: float, expected: str) -> None:
    assert state(BrokenGradientPath, "dead-or-zero-layers-block-it", case(dead(share))) == expected


def test_zero_weights_block_it_as_well() -> None:
    key = "dead-or-zero-layers-block-it"
    zero = network(moved_by(conv0=0.0, began=0.0))
    assert state(BrokenGradientPath, key, case(zero)) == "present"
    assert state(BrokenGradientPath, key, case(network())) == "unmeasured"


def test_a_softmax_over_one_output() -> None:
    key = "one-output-behind-a-softmax"
    one = {"loss": {"name": "cross_entropy", "fed": "softmax", "units": 1}}
    ten = {"loss": {"name": "cross_entropy", "fed": "softmax", "units": 10}}
    assert state(BrokenGradientPath, key, case(answering(facts=one))) == "present"
    assert state(BrokenGradientPath, key, case(answering(facts=ten))) == "absent"


def test_is_believed_for_each_break() -> None:
    assert belief(BrokenGradientPath, case(answering(facts=MADE))) > 0.8
    cut = network(moved_by(conv0=0.0, conv1=0.1), facts=NONE)
    assert belief(BrokenGradientPath, case(cut, found("S59"))) > 0.9
    sound = network(moved_by(conv0=0.1), pushed_by(conv0=0.1, conv1=0.1), facts=NONE)
    assert belief(BrokenGradientPath, case(sound, clear("S59"))) < 0.02


@pytest.mark.parametrize("keras", [False, True])
@pytest.mark.parametrize(
    ("facts", "word"), [(MADE, "once"), (LISTED, "3 layers"), (NONE, "gradient through")]
)
def test_remedies_suit_the_break(keras: bool, facts: dict[str, Any], word: str) -> None:
    watched = answering(facts=facts)
    given = remedies(BrokenGradientPath, case(in_keras(watched) if keras else watched))
    assert word in given[0].title


def test_the_layer_to_mend_is_named() -> None:
    watched = network(pushed_by(conv0=0.0, conv1=0.1), facts=NONE)
    assert "conv0" in remedies(BrokenGradientPath, case(watched))[0].title
