"""C38: frozen layers without anything worth keeping."""

from __future__ import annotations

from typing import Any

import pytest

from causes.data.cases import GUESSED, LEARNT, answering, belief, case, in_keras, remedies, state
from causes.wiring.layers import frozen, moved_by, network
from snellen.causes.wiring.frozen_layers import FrozenLayers
from snellen.record import Subject

FRESH = moved_by(conv0=0.0, conv1=0.0)
"""Biases of exactly zero and weights that never moved: as a framework initialises them."""


def still(*names: str, facts: dict[str, Any] | None = None) -> Subject:
    return frozen(network(FRESH, facts=facts), *names)


@pytest.mark.parametrize(
    ("names", "facts", "expected"),
    [
        (("conv0", "conv1"), {}, "present"),
        ((), {}, "absent"),
        # 216 of 1072 weights are at the threshold of a fifth, as small fixed filters are below it.
        (("conv0",), {}, "present"),
        (("conv0", "conv1"), {"loaded_weights": True}, "absent"),
        (("conv0", "conv1", "head"), {"loaded_weights": True}, "present"),
    ],
)
def test_untrained_layers(names: tuple[str, ...], facts: dict[str, Any], expected: str) -> None:
    watched = case(still(*names, facts=facts))
    assert state(FrozenLayers, "untrained-layers-frozen", watched) == expected


def test_layers_made_in_the_forward_pass_only_look_frozen() -> None:
    made = {"created_in_forward": [{"type": "Conv2d"}]}
    watched = case(still("conv0", "conv1", facts=made))
    assert state(FrozenLayers, "untrained-layers-frozen", watched) == "unmeasured"


def test_trained_and_then_frozen_layers_are_worth_keeping() -> None:
    watched = frozen(network(moved_by(conv0=0.5, conv1=0.5)), "conv0", "conv1")
    assert state(FrozenLayers, "untrained-layers-frozen", case(watched)) == "absent"


def test_how_much_is_frozen() -> None:
    key = "most-weights-frozen"
    assert state(FrozenLayers, key, case(still("head"))) == "present"
    assert state(FrozenLayers, key, case(network(FRESH))) == "absent"
    assert state(FrozenLayers, key, case(still("conv0", "conv1"))) == "unmeasured"
    loaded = still("head", facts={"loaded_weights": True})
    assert state(FrozenLayers, key, case(loaded)) == "unmeasured"


def test_the_head() -> None:
    assert state(FrozenLayers, "head-frozen", case(still("head"))) == "present"
    assert state(FrozenLayers, "head-frozen", case(still("conv0"))) == "absent"


@pytest.mark.parametrize(
    ("training", "expected"), [(GUESSED, "present"), (LEARNT, "absent"), (None, "unmeasured")]
)
def test_training_images(training: Any, expected: str) -> None:
    watched = case(answering(training))
    assert state(FrozenLayers, "training-images-not-learnt", watched) == expected


def test_orphans_are_told_apart() -> None:
    key = "others-without-optimizer"
    entry = [{"layer": "conv0", "parameter": "w", "elements": 216}]
    assert state(FrozenLayers, key, case(network(facts={"unoptimised": entry}))) == "present"
    assert state(FrozenLayers, key, case(network(facts={"unoptimised": []}))) == "absent"
    assert state(FrozenLayers, key, case(network())) == "unmeasured"


def test_is_believed_where_it_holds_alone() -> None:
    assert belief(FrozenLayers, case(still("conv0", "conv1"))) > 0.7
    assert belief(FrozenLayers, case(network(FRESH))) < 0.02


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_name_the_layers(keras: bool) -> None:
    watched = still("conv0", "conv1", facts={"optimizer": "SGD", "learning_rate": 0.05})
    first = remedies(FrozenLayers, case(in_keras(watched) if keras else watched))[0]
    assert "2 frozen layers (conv0, conv1)" in first.title
