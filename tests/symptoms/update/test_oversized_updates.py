"""S22: steps that shift a layer by more than its spread, or its weights by too large a share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Clock, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from snellen.symptoms.update.oversized_updates import OversizedUpdates
from symptoms.build import (
    UNHARMED,
    conv,
    finding,
    grade,
    head,
    inline,
    maps,
    probe,
    sentence,
    subject,
    update,
    weights,
)


def layer_with(
    *steps: tuple[int, WeightUpdate],
    silent: Sequence[int] = (),
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> Subject:
    layer = conv(**changes)
    history = inline("conv", WeightUpdate, "", *steps)
    history |= probe("conv", WeightState, "", (0, weights()))
    history |= probe("conv", MapSummary, "post", (0, maps(silent=silent)))
    return subject(layer, history=history, facts=facts)


@pytest.mark.parametrize(
    ("drift", "changes", "expected"),
    [
        pytest.param(1.0, {}, "clear", id="one deviation"),
        pytest.param(1.01, {}, "warning", id="more than one"),
        pytest.param(3.0, {}, "warning", id="three"),
        pytest.param(3.01, {}, "error", id="more than three"),
        pytest.param(3.0, {"normalised": True}, "clear", id="three before a normalisation"),
        pytest.param(3.01, {"normalised": True}, "warning", id="more before a normalisation"),
        pytest.param(9.01, {"normalised": True}, "error", id="nine before a normalisation"),
        pytest.param(math.nan, {}, "clear", id="unknown drift"),
        pytest.param(math.inf, {}, "error", id="without bound"),
    ],
)
def test_drift(drift: float, changes: dict[str, Any], expected: str) -> None:
    assert grade(OversizedUpdates(), layer_with((0, update(drift=drift)), **changes)) == expected


@pytest.mark.parametrize(
    ("drift", "times", "changes", "expected"),
    [
        (19.9, 3, {}, "note"),
        (20.1, 3, {}, "error"),
        # A first step or two that were recovered from.
        (20.1, 2, {}, "note"),
        (1000.0, 3, {"normalised": True}, "note"),
    ],
)
def test_what_is_thrown_over_again_and_again_is_harm_itself(
    drift: float, times: int, changes: dict[str, Any], expected: str
) -> None:
    steps = [(step, update(drift=drift if step == 0 else 4.0)) for step in range(times)]
    watched = layer_with(*steps, **changes)
    assert grade(OversizedUpdates(), watched, "conv", UNHARMED) == expected


def test_drift_is_that_of_the_median_channel() -> None:
    lone = layer_with((0, update(drift=[9, 9, 9, 0.1, 0.1, 0.1, 0.1, 0.1])))
    assert grade(OversizedUpdates(), lone) == "clear"


def test_sentences() -> None:
    found = finding(
        OversizedUpdates(),
        layer_with(
            (0, update(drift=1.5, size=0.055)), (9, update(drift=4.0, size=0.08)), (20, update())
        ),
    )
    assert found.step == 0
    assert found.evidence.sentence() == (
        "step 9 shifted the median channel's pre-activation by 4 standard deviations; the weights "
        "changed by 8% of their size (allowed: 1; exceeded at 2 of 3 steps seen)"
    )
    assert sentence(
        OversizedUpdates(), layer_with((0, update(size=0.7)), (500, update(size=0.05)))
    ) == (
        "a step changed the weights by up to 5% of their size, at step 500, 5% in the median of 2 "
        "steps seen (allowed: 10% once, 3% in the median after the warm-up)"
    )
    assert sentence(
        OversizedUpdates(), layer_with((0, update(size=1.7)), (500, update(size=0.05)))
    ) == (
        "a step changed the weights by up to 170% of their size, at step 0, 5% in the median of 2 "
        "steps seen (allowed: 100% once, 3% in the median after the warm-up)"
    )


def test_large_changes_are_told_as_multiples() -> None:
    thrown = layer_with((0, update(size=145.8)))
    assert "by up to 146 times their size, at step 0" in sentence(OversizedUpdates(), thrown)


def test_dead_channels_have_no_spread() -> None:
    """σ(z) → 0 after death makes κ explode: that is a consequence and no further fault."""
    huge = update(drift=[1e9] * 7 + [0.1])
    assert grade(OversizedUpdates(), layer_with((1, huge), silent=range(7))) == "clear"
    mixed = update(drift=[1e9] * 6 + [0.1, 0.1])
    assert grade(OversizedUpdates(), layer_with((1, mixed), silent=range(6))) == "clear"
    assert grade(OversizedUpdates(), layer_with((0, huge), silent=range(7))) == "clear"
    assert grade(OversizedUpdates(), layer_with((1, huge))) == "error"


def test_channels_that_die_later_were_alive_at_the_step() -> None:
    history = inline("conv", WeightUpdate, "", (0, update(drift=5.0)))
    history |= probe("conv", MapSummary, "post", (0, maps()), (1, maps(silent=range(8))))
    assert grade(OversizedUpdates(), subject(conv(), history=history)) == "error"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(200, 0.1), (300, 0.0), (400, 0.0)], "clear", id="a tenth once"),
        pytest.param([(200, 0.11), (300, 0.0), (400, 0.0)], "warning", id="more than a tenth once"),
        pytest.param([(100, 0.11), (300, 0.0), (400, 0.0)], "warning", id="the warm-up is over"),
        pytest.param([(99, 0.11), (300, 0.0), (400, 0.0)], "clear", id="its last step"),
        pytest.param([(100, 0.031)], "warning", id="3% in the median right after it"),
        pytest.param([(0, 0.15)], "clear", id="Adam's first step in a wide dense layer"),
        pytest.param([(99, 1.0)], "clear", id="as large as the weights, in the warm-up"),
        pytest.param([(99, 1.01)], "warning", id="larger than the weights"),
        pytest.param([(200, 0.03)] * 3, "clear", id="3% in the median"),
        pytest.param([(200, 0.031)] * 3, "warning", id="more in the median"),
        pytest.param([(10, 0.05), (20, 0.05)], "clear", id="5% during the warm-up"),
        pytest.param([(200, 0.05), (300, 1e-3), (400, 1e-3)], "clear", id="5% once"),
        pytest.param([(200, math.nan)], "clear", id="not measured"),
    ],
)
def test_relative_update(steps: list[tuple[int, float]], expected: str) -> None:
    seen = [(s, update(size=u)) for s, u in steps]
    assert grade(OversizedUpdates(), layer_with(*seen)) == expected


def test_weights_before_a_normalisation_settle_at_the_size_of_their_decay() -> None:
    decay = {"learning_rate": 0.1, "weight_decay": 5e-3}  # √(2ηλ) = 0.032, three times that 0.095
    usual = [(s, update(size=0.05)) for s in (200, 300, 400)]
    assert grade(OversizedUpdates(), layer_with(*usual, normalised=True, facts=decay)) == "clear"
    assert grade(OversizedUpdates(), layer_with(*usual, facts=decay)) == "warning"
    none = {"learning_rate": 0.1, "weight_decay": 0.0}
    assert grade(OversizedUpdates(), layer_with(*usual, normalised=True, facts=none)) == "warning"


def test_weights_that_begin_at_zero_have_no_ratio_yet() -> None:
    history = inline("conv", WeightUpdate, "", (1, update(size=5.0, weight_norm=1e-3)))
    history |= probe("conv", WeightState, "", (0, weights(initial_norm=np.zeros(8))))
    assert grade(OversizedUpdates(), subject(conv(), history=history)) == "clear"


def test_a_head_learns_the_class_shares_by_drifting() -> None:
    shifting = inline("head", WeightUpdate, "", (0, update(drift=9.0)))
    assert grade(OversizedUpdates(), subject(head(), history=shifting), "head") == "clear"
    thrown = inline("head", WeightUpdate, "", (0, update(size=2.0)))
    assert grade(OversizedUpdates(), subject(head(), history=thrown), "head") == "warning"


def test_updates_over_one_real_step_on_the_probe_clock() -> None:
    history = {("conv", WeightUpdate, "", Clock.PROBE): [(0, update(drift=5.0))]}
    assert grade(OversizedUpdates(), subject(conv(), history=history)) == "error"


def test_gradients_alone_are_no_updates() -> None:
    unmeasured = update(size=math.nan, drift=[])
    assert grade(OversizedUpdates(), layer_with((0, unmeasured))) == "undecided"
    assert grade(OversizedUpdates(), subject(conv())) == "undecided"
    assert grade(OversizedUpdates(), subject(conv(trainable=False))) == "silent"
