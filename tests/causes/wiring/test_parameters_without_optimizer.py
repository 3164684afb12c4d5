"""C37: layers that take gradients and stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from causes.data.cases import belief, case, in_keras, remedies, state
from causes.wiring.layers import frozen, moved_by, network, pushed_by
from snellen.causes.wiring.parameters_without_optimizer import ParametersWithoutOptimizer as Left


def orphan(layer: str = "conv0", elements: int = 216) -> dict[str, Any]:
    return {"unoptimised": [{"layer": layer, "parameter": f"{layer}.w", "elements": elements}]}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (orphan(), "present"),
        # A bias of its own is no layer.
        (orphan(elements=8), "absent"),
        (orphan(elements=108), "present"),
        (orphan(elements=107), "absent"),
        (orphan("gone"), "absent"),
        ({"unoptimised": []}, "absent"),
        ({}, "unmeasured"),
    ],
)
def test_reads_the_optimiser(facts: dict[str, Any], expected: str) -> None:
    assert state(Left, "kernels-without-optimizer", case(network(facts=facts))) == expected


def test_gradients_without_updates() -> None:
    key = "gradients-without-updates"
    still = network(pushed_by(0.0, conv0=0.1), pushed_by(conv1=0.1))
    moving = network(pushed_by(conv0=0.1, conv1=0.1))
    cut = network(pushed_by(0.0, conv0=0.0), pushed_by(conv1=0.1))
    assert state(Left, key, case(still)) == "present"
    assert state(Left, key, case(moving)) == "absent"
    assert state(Left, key, case(cut)) == "absent"
    assert state(Left, key, case(network())) == "unmeasured"


@pytest.mark.parametrize(
    ("distance", "expected"), [(0.0, "present"), (1e-6, "absent"), (None, "unmeasured")]
)
def test_standing_still(distance: float | None, expected: str) -> None:
    watched = network(moved_by(conv0=distance) if distance is not None else {})
    assert state(Left, "layers-stood-still", case(watched)) == expected


@pytest.mark.parametrize("loaded", [True, False])
def test_loaded_weights_may_stay(loaded: bool) -> None:
    watched = network(facts={"loaded_weights": loaded})
    expected = "present" if loaded else "absent"
    assert state(Left, "weights-were-loaded", case(watched)) == expected


def test_frozen_layers_are_told_apart() -> None:
    assert state(Left, "layers-frozen", case(frozen(network(), "conv0"))) == "present"
    assert state(Left, "layers-frozen", case(network())) == "absent"


def test_is_believed_where_it_holds_alone() -> None:
    history = pushed_by(0.0, conv0=0.1) | pushed_by(conv1=0.1) | moved_by(conv0=0.0, conv1=0.1)
    assert belief(Left, case(network(history, facts=orphan()))) > 0.95
    sound = network(
        pushed_by(conv0=0.1, conv1=0.1) | moved_by(conv0=0.1), facts={"unoptimised": []}
    )
    assert belief(Left, case(sound)) < 0.01


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_name_the_layers(keras: bool) -> None:
    facts = orphan() | {"optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.9}
    watched = network(facts=facts)
    first = remedies(Left, case(in_keras(watched) if keras else watched))[0]
    assert "conv0" in first.title
    assert keras or "model.parameters()" in first.code
