"""S37: normalisations of what hardly varies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import NormalisationState
from snellen.symptoms.normalisation.degenerate_normalisation import DegenerateNormalisation
from symptoms.build import UNHARMED, conv, finding, grade, sentence, subject
from symptoms.geometric import seen
from symptoms.normalisation.test_normalisation_mode_mismatch import state


def watched(normalised: NormalisationState, side: int = 8, **facts: Any) -> Subject:
    layer = conv(normalised=True, positions=(side, side))
    return subject(layer, history=seen("conv", normalised), facts=facts)


def quiet(channels: int, variance: float = 1e-6, of: int = 8) -> NormalisationState:
    """So many channels of this variance, the others of 1."""
    values = np.where(np.arange(of) < channels, variance, 1.0)
    plain = state(channels=of)
    plain.running_variance[:] = values
    plain.probe_variance[:] = values
    return plain


@pytest.mark.parametrize(
    ("channels", "variance", "expected"),
    [
        pytest.param(3, 1e-6, "clear", id="3 of 8"),
        pytest.param(4, 1e-6, "warning", id="4 of 8"),
        pytest.param(8, 0.99e-5, "warning", id="below epsilon"),
        pytest.param(8, 1e-5, "clear", id="epsilon itself"),
        pytest.param(8, 0.0, "warning", id="constant"),
    ],
)
def test_both_sides_of_each_limit(channels: int, variance: float, expected: str) -> None:
    found = watched(quiet(channels, variance))
    assert grade(DegenerateNormalisation(), found) == expected
    assert grade(DegenerateNormalisation(), found, outcome=UNHARMED) in (expected, "note")


def test_names_the_channels() -> None:
    assert finding(DegenerateNormalisation(), watched(quiet(5))).place.channels == (0, 1, 2, 3, 4)


def test_sentence() -> None:
    assert sentence(DegenerateNormalisation(), watched(quiet(8))) == (
        "8 of 8 channels have a variance below the constant that is added to it (median 1e-6, "
        "epsilon 1e-5; allowed: 50%): they leave with a spread of 0.302 instead of 1"
    )


def test_statistics_that_still_hold_their_start_are_no_measure() -> None:
    young = state(0.99, variance=0.67, probe_variance=1e-6)
    assert grade(DegenerateNormalisation(), watched(young, steps=40)) == "warning"
    assert grade(DegenerateNormalisation(), watched(young, steps=1000)) == "clear"
    quick = state(0.9, variance=0.0424, probe_variance=1e-6)
    assert grade(DegenerateNormalisation(), watched(quick, steps=30)) == "warning"


def test_without_the_probe_what_is_remembered_counts() -> None:
    blind = state(variance=1e-6, probe_variance=float("nan"))
    assert grade(DegenerateNormalisation(), watched(blind)) == "warning"


@pytest.mark.parametrize(
    ("batch", "side", "expected"),
    [(1, 1, "error"), (1, 2, "clear"), (2, 1, "clear"), (None, 1, "clear")],
)
def test_one_value_is_its_own_mean(batch: int | None, side: int, expected: str) -> None:
    found = watched(state(), side, batch_size=batch)
    assert grade(DegenerateNormalisation(), found) == expected


def test_networks_without_batch_normalisation_do_not_apply() -> None:
    assert grade(DegenerateNormalisation(), subject(conv(normalised=True))) == "silent"
