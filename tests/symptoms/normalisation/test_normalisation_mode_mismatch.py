"""S35: the same images, answered worse in evaluation than in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import LossSeries, Subject
from snellen.stats import ModeGap, NormalisationState
from snellen.symptoms.normalisation.normalisation_mode_mismatch import NormalisationModeMismatch
from symptoms.build import UNHARMED, conv, grade, sentence, subject
from symptoms.geometric import seen


def state(
    kept: float = 0.9,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    probe_mean: float = 0.0,
    probe_variance: float = 1.0,
    epsilon: float = 1e-5,
    channels: int = 8,
) -> NormalisationState:
    ones = np.ones(channels)
    return NormalisationState(
        running_mean=mean * ones,
        running_variance=variance * ones,
        gain=ones,
        shift=0 * ones,
        epsilon=epsilon,
        kept=kept,
        probe_mean=probe_mean * ones,
        probe_variance=probe_variance * ones,
    )


def gap(running: int = -1, batch: int = -1, losses: tuple[float, float] = (1.0, 1.0)) -> ModeGap:
    return ModeGap(200, 32, losses[0], losses[1], running, batch)


def watched(
    measured: ModeGap | None = None, normalised: NormalisationState | None = None, **facts: Any
) -> Subject:
    history: dict[Any, Any] = seen("", measured) if measured else {}
    if normalised:
        history |= seen("conv", normalised)
    return subject(conv(normalised=True), history=history, facts=facts)


@pytest.mark.parametrize(
    ("running", "batch", "expected"),
    [
        pytest.param(180, 200, "clear", id="10 points are allowed"),
        pytest.param(177, 199, "warning", id="11 points"),
        pytest.param(100, 124, "clear", id="12 points within the error"),
        pytest.param(130, 200, "error", id="35 points"),
        pytest.param(200, 100, "clear", id="a noisy batch is not this fault"),
    ],
)
def test_both_sides_of_each_limit(running: int, batch: int, expected: str) -> None:
    found = watched(gap(running, batch), state())
    assert grade(NormalisationModeMismatch(), found, "") == expected
    assert grade(NormalisationModeMismatch(), found, "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("losses", "shift", "expected"),
    [
        pytest.param((2.1, 1.0), 0.6, "warning", id="twice the loss, and statistics differ"),
        pytest.param((2.1, 1.0), 0.4, "clear", id="statistics agree"),
        pytest.param((1.9, 1.0), 0.6, "clear", id="not twice"),
        pytest.param((float("inf"), 1.0), 0.0, "warning", id="infinite"),
        pytest.param((float("nan"), 1.0), 0.0, "clear", id="not computed"),
    ],
)
def test_losses_stand_for_answers_that_are_no_classes(
    losses: tuple[float, float], shift: float, expected: str
) -> None:
    found = watched(gap(losses=losses), state(mean=shift))
    assert grade(NormalisationModeMismatch(), found, "") == expected


def test_sentence_names_the_cause() -> None:
    slow = watched(gap(20, 190), state(0.99), steps=40)
    assert sentence(NormalisationModeMismatch(), slow) == (
        "10% of 200 training images are answered rightly with running statistics, 95% with the "
        "batch's own (allowed: 10 points less); these still hold 67% of their start (momentum 0.99)"
    )
    off = watched(gap(20, 190), state(mean=3.0))
    assert "at conv they differ by 3 (allowed: 0.5)" in sentence(NormalisationModeMismatch(), off)


@pytest.mark.parametrize(
    ("steps", "facts", "expected"),
    [
        pytest.param(229, {}, "warning", id="229 steps leave a tenth"),
        pytest.param(230, {}, "undecided", id="230 steps"),
        pytest.param(40, {"loaded_weights": True}, "undecided", id="loaded statistics"),
    ],
)
def test_where_it_was_not_measured_steps_are_counted(
    steps: int, facts: dict[str, Any], expected: str
) -> None:
    found = watched(None, state(0.99), steps=steps, **facts)
    assert grade(NormalisationModeMismatch(), found, "") == expected


def test_what_was_measured_outweighs_counted_steps() -> None:
    assert grade(
        NormalisationModeMismatch(), watched(gap(199, 200), state(0.99), steps=40), ""
    ) == ("clear")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param((100, 51), "warning", id="mostly in evaluation mode"),
        pytest.param((100, 50), "undecided", id="half"),
        pytest.param((1, 1), "undecided", id="once"),
        pytest.param(None, "undecided", id="not known"),
    ],
)
def test_trained_in_evaluation_mode(facts: tuple[int, int] | None, expected: str) -> None:
    counts = dict(
        zip(("training_passes", "training_passes_in_eval_mode"), facts or (), strict=False)
    )
    assert grade(NormalisationModeMismatch(), watched(None, state(), **counts), "") == expected
    tuned = watched(None, state(), loaded_weights=True, **counts)
    assert grade(NormalisationModeMismatch(), tuned, "") == "undecided"
    frozen = watched(None, state(), frozen_parameters=40, **counts)
    assert grade(NormalisationModeMismatch(), frozen, "") == "undecided"


def test_evaluated_in_training_mode() -> None:
    counts = {"evaluation_passes": 20, "evaluation_passes_in_training_mode": 20}
    found = watched(gap(200, 200), state(), **counts)
    assert sentence(NormalisationModeMismatch(), found) == (
        "20 of 20 evaluation passes ran in training mode (allowed: none), where dropout and batch "
        "normalisation do something else"
    )
    assert grade(NormalisationModeMismatch(), found, "", UNHARMED) == "note"
    found.losses["eval"] = LossSeries(np.array([1]), np.array([0.5]))  # type: ignore[index]
    assert grade(NormalisationModeMismatch(), found, "", UNHARMED) == "warning"


def test_networks_without_normalisation_do_not_apply() -> None:
    assert grade(NormalisationModeMismatch(), watched(), "") == "silent"
