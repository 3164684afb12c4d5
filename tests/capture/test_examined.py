"""What is said of a normalisation: its own state, and what it reads of the probe."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.adapters.contract import Normalisation
from snellen.capture.examined import normalisation_state
from snellen.stats import MapSummary
from snellen.stats.kernels import map_table

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(20, 3, 4, 4)) * [[[[1]], [[5]], [[9]]]] + 2


def summary(maps: np.ndarray) -> MapSummary:
    return MapSummary.of(map_table(maps, -np.inf, 0.0), maps[0, 0].size)


def test_the_probe_statistics_are_those_of_what_it_reads() -> None:
    n = Normalisation(np.zeros(3), np.ones(3), np.full(3, 2.0), np.full(3, 3.0), 1e-3, 0.9)
    state = normalisation_state(n, summary(MAPS))
    assert state is not None
    assert state.probe_mean == pytest.approx(MAPS.mean(axis=(0, 2, 3)))
    assert state.probe_variance == pytest.approx(MAPS.var(axis=(0, 2, 3)))
    assert (state.gain[0], state.shift[0], state.epsilon, state.kept) == (2.0, 3.0, 1e-3, 0.9)


def test_without_gain_and_shift_they_are_one_and_zero() -> None:
    n = Normalisation(np.zeros(3), np.ones(3), None, None, 0.0, float("nan"))
    state = normalisation_state(n, summary(MAPS))
    assert state is not None
    assert (state.gain.tolist(), state.shift.tolist()) == ([1.0] * 3, [0.0] * 3)


def test_another_layers_map_tells_nothing() -> None:
    n = Normalisation(np.zeros(4), np.ones(4), None, None, 0.0, 0.9)
    assert normalisation_state(n, summary(MAPS)) is None
