"""S61: frozen layers that hold nothing, and the many that are frozen for good reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms.wiring.frozen_parameters import FrozenParameters
from symptoms.build import (
    HARMED,
    UNHARMED,
    conv,
    grade,
    head,
    probe,
    sentence,
    subject,
    weights,
)

TORCH_BOUND = 1 / np.sqrt(27)
RANDOM = {"moved": 0.0, "largest": 0.99 * TORCH_BOUND, "bias": np.linspace(-0.1, 0.1, 8)}


def frozen(
    state: dict[str, Any],
    *,
    framework: str = "torch",
    facts: dict[str, Any] | None = None,
    frozen_head: bool = False,
    shape: tuple[int, ...] = (8, 3, 3, 3),
) -> Subject:
    return subject(
        conv(trainable=False, weight_shape=shape),
        head(trainable=not frozen_head),
        facts=facts,
        history=probe("conv", WeightState, "", (0, weights(**state)), (99, weights(**state))),
        framework=framework,
    )


FRESH = {
    "PyTorch's uniform draw": frozen(RANDOM),
    "scales of a normalisation that are all one": frozen(RANDOM | {"gain": np.ones(8)}),
    "biases that are all zero": frozen(
        RANDOM | {"largest": 9.0, "bias": np.zeros(8)}, framework="keras-jax"
    ),
    "Keras' uniform draw": frozen(
        {"moved": 0.0, "largest": 0.99 * np.sqrt(6 / 99), "bias": np.zeros(0)},
        framework="keras-tensorflow",
    ),
}


@pytest.mark.parametrize("name", FRESH)
def test_random_and_frozen(name: str) -> None:
    assert grade(FrozenParameters(), FRESH[name], "", HARMED) == "warning"
    assert grade(FrozenParameters(), FRESH[name], "", UNHARMED) == "note"


HEALTHY = {
    "a loaded backbone": frozen(RANDOM, facts={"loaded_weights": True}),
    "trained earlier in the script": frozen(RANDOM | {"moved": 0.2}),
    "scales that were trained": frozen(RANDOM | {"gain": np.linspace(0.5, 1.5, 8)}),
    "a small fixed filter": frozen(RANDOM, shape=(1, 1, 3, 3)),
    "nothing is frozen": subject(conv(), head(), facts={"frozen_parameters": 0}),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_frozen_for_good_reasons(name: str) -> None:
    assert grade(FrozenParameters(), HEALTHY[name], "", HARMED) == "clear"


def test_weights_of_unknown_origin_are_not_judged() -> None:
    unknown = frozen(RANDOM | {"largest": 0.5 * TORCH_BOUND})
    assert grade(FrozenParameters(), unknown, "", HARMED) == "undecided"


def test_layers_made_in_the_forward_pass_are_not_frozen() -> None:
    made = frozen(RANDOM, facts={"created_in_forward": [{"type": "Conv2D"}]})
    assert grade(FrozenParameters(), made, "", HARMED) == "silent"


def test_a_frozen_head_in_a_network_that_is_all_frozen() -> None:
    facts = {"loaded_weights": True, "parameters": 1000}
    sealed = frozen(RANDOM, facts=facts | {"frozen_parameters": 950}, frozen_head=True)
    assert grade(FrozenParameters(), sealed, "", HARMED) == "error"
    nearly = frozen(RANDOM, facts=facts | {"frozen_parameters": 949}, frozen_head=True)
    assert grade(FrozenParameters(), nearly, "", HARMED) == "clear"
    tuned = frozen(RANDOM, facts=facts | {"frozen_parameters": 990})
    assert grade(FrozenParameters(), tuned, "", HARMED) == "clear"


@pytest.mark.parametrize(("outputs", "expected"), [(5, "clear"), (7, "warning")])
def test_how_much_of_the_weights(outputs: int, expected: str) -> None:
    """Filters of 27 weights beside a head of 640: 5 are 17%, 7 are 23%."""
    watched = frozen(RANDOM, shape=(outputs, 3, 3, 3))
    assert grade(FrozenParameters(), watched, "", HARMED) == expected


def test_sentence() -> None:
    assert sentence(FrozenParameters(), frozen(RANDOM)) == (
        "1 of 2 layers (conv) are frozen, with random, untrained weights: 25% of the weights can't "
        "learn (allowed: 20% unless they were loaded)"
    )
