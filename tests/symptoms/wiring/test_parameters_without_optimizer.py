"""S57: layers that no optimizer holds, and those that are left to themselves on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.stats import WeightState
from snellen.symptoms.wiring.parameters_without_optimizer import ParametersWithoutOptimizer
from symptoms.build import (
    HARMED,
    UNHARMED,
    conv,
    finding,
    grade,
    head,
    probe,
    sentence,
    subject,
    weights,
)


def orphan(layer: str, elements: int, parameter: str = "weight") -> dict[str, Any]:
    return {"parameter": f"{layer}.{parameter}", "layer": layer, "elements": elements}


def held(
    *orphans: dict[str, Any], moved: float = 0.0, facts: dict[str, Any] | None = None, **c: Any
):
    return subject(
        conv(**c),
        conv("conv2", index=1),
        head(),
        facts={"unoptimised": list(orphans)} | (facts or {}),
        history=probe("conv", WeightState, "", (0, weights(moved=moved)), (9, weights(moved=moved)))
        | probe("head", WeightState, "", (9, weights(moved=0.0, filters=10))),
    )


@pytest.mark.parametrize("outcome", [HARMED, UNHARMED])
def test_it_needs_no_outcome(outcome: Any) -> None:
    watched = held(orphan("conv", 216))
    assert grade(ParametersWithoutOptimizer(), watched, "conv", outcome) == "warning"


def test_most_of_the_network_or_its_head_is_an_error() -> None:
    both = held(orphan("conv", 216), orphan("conv2", 864))
    assert grade(ParametersWithoutOptimizer(), both, "") == "error"
    assert grade(ParametersWithoutOptimizer(), held(orphan("head", 640)), "head") == "error"


def test_all_parameters_held() -> None:
    assert grade(ParametersWithoutOptimizer(), held(), "") == "clear"
    assert grade(ParametersWithoutOptimizer(), subject(conv(), head()), "") == "silent"


def test_training_the_head_of_a_loaded_network_is_a_note() -> None:
    tuned = held(orphan("conv", 216), facts={"loaded_weights": True})
    assert grade(ParametersWithoutOptimizer(), tuned, "conv", HARMED) == "note"
    headless = held(orphan("head", 640), facts={"loaded_weights": True})
    assert grade(ParametersWithoutOptimizer(), headless, "head", UNHARMED) == "note"
    assert grade(ParametersWithoutOptimizer(), headless, "head", HARMED) == "error"


def test_marks_of_an_earlier_training_count_as_loaded() -> None:
    watched = held(orphan("conv", 216))
    trained = probe("conv", WeightState, "", (9, weights(moved=0.0, gain=np.linspace(0.5, 1.5, 8))))
    watched = subject(*watched.layers, facts=dict(watched.facts), history={**trained})
    assert grade(ParametersWithoutOptimizer(), watched, "conv", HARMED) == "note"


HEALTHY = {
    "a copy that follows by averaging moves": held(orphan("conv", 216), moved=0.1),
    "a bias alone": held(orphan("conv", 8, "bias")),
    "a head that the forward pass never uses": held(orphan("auxiliary", 5000)),
    "a frozen layer": held(orphan("conv", 216), trainable=False),
    "a positional parameter": held(orphan("", 100, "positions")),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_none(name: str) -> None:
    assert grade(ParametersWithoutOptimizer(), HEALTHY[name], "") == "clear"


def test_sentences() -> None:
    assert finding(ParametersWithoutOptimizer(), held(orphan("conv", 216))).step == 0
    assert sentence(ParametersWithoutOptimizer(), held(orphan("conv", 216))) == (
        "no optimizer holds the weights of 1 of 3 layers, conv: 20% of the weights take gradients "
        "but never change (allowed: none)"
    )
