"""S19: finds layers that did not move, one by one or all at once, but not those meant to rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import Similarity, WeightState
from snellen.symptoms.stability.frozen_representation import FrozenRepresentation
from symptoms.build import (
    UNHARMED,
    conv,
    finding,
    grade,
    head,
    probe,
    sentence,
    similarity,
    subject,
    weights,
)


def watched(
    *moved: float, cka: float = 1.0, step: int = 1000, trainable: bool = True, **changes: Any
) -> Subject:
    """Layers whose weights moved by these shares of their norm, and whose maps were so alike."""
    history: dict[Any, Any] = {}
    layers = []
    for n, by in enumerate(moved):
        layers.append(conv(f"conv{n}", index=n, trainable=trainable, **changes))
        state = weights(moved=by)
        history |= probe(f"conv{n}", WeightState, "", (0, weights(moved=0.0)), (step, state))
        history |= probe(f"conv{n}", Similarity, "post", (step, similarity(cka, 1.0, 0)))
    return subject(*layers, history=history)


@pytest.mark.parametrize(
    ("moved", "cka", "expected"),
    [
        pytest.param(9e-4, 1.0, "warning", id="less than a thousandth"),
        pytest.param(1.1e-3, 1.0, "clear", id="more than a thousandth"),
        pytest.param(9e-4, 0.998, "clear", id="maps that change with the layers before"),
        pytest.param(9e-4, np.nan, "warning", id="dead maps have no similarity"),
        pytest.param(0.0, 1.0, "warning", id="not at all"),
    ],
)
def test_both_sides_of_each_limit(moved: float, cka: float, expected: str) -> None:
    assert grade(FrozenRepresentation(), watched(moved, 0.2, cka=cka), "conv0") == expected


def test_a_network_that_stands_still_is_reported_once() -> None:
    seen = watched(1e-5, 2e-5, 3e-5)
    assert finding(FrozenRepresentation(), seen).place.layer == ""
    assert sentence(FrozenRepresentation(), seen) == (
        "all 3 layers with weights moved by at most 3e-5 of their norm in 1000 steps; the maps "
        "stayed the same from look to look (similarity 1) (allowed: at least 0.001)"
    )


def test_still_layers_are_compared_with_the_others() -> None:
    seen = watched(0.2, 1e-5, 2e-5)
    assert finding(FrozenRepresentation(), seen).place.layer == "conv1"
    assert sentence(FrozenRepresentation(), seen) == (
        "2 of 3 layers with weights moved by at most 2e-5 of their norm in 1000 steps, others by "
        "up to 0.2; the maps stayed the same from look to look (similarity 1) (allowed: at least "
        "0.001)"
    )


def test_layers_frozen_on_purpose_are_left_out() -> None:
    seen = watched(0.0, trainable=False)
    assert grade(FrozenRepresentation(), seen, "conv0") == "silent"
    assert grade(FrozenRepresentation(), seen, "") == "silent"


def test_a_head_stands_still_whatever_its_maps_do() -> None:
    history = probe("head", WeightState, "", (1000, weights(moved=0.0)))
    history |= probe("head", Similarity, "pre", (1000, similarity(0.2, 0.2, 0)))
    history |= probe("conv", WeightState, "", (1000, weights(moved=0.3)))
    seen = subject(conv(), head(), history=history)
    assert grade(FrozenRepresentation(), seen, "head") == "warning"


def test_weights_that_began_at_zero_have_no_scale() -> None:
    zero = weights(moved=0.0, initial_norm=np.zeros(8))
    seen = subject(conv(), history=probe("conv", WeightState, "", (1000, zero)))
    assert grade(FrozenRepresentation(), seen) == "silent"


def test_the_warm_up_is_not_judged() -> None:
    assert grade(FrozenRepresentation(), watched(1e-5, step=50), "") == "undecided"
    assert grade(FrozenRepresentation(), subject(conv()), "") == "silent"


def test_without_harm_it_is_a_note() -> None:
    assert grade(FrozenRepresentation(), watched(1e-5), "", UNHARMED) == "note"
