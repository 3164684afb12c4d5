"""What a normalisation reads is reckoned back from what it puts out."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.adapters.contract import Normalisation
from snellen.capture.examined import normalisation_state
from snellen.stats import MapSummary
from snellen.stats.kernels import map_table

RNG = np.random.default_rng(0)


def summary(maps: np.ndarray) -> MapSummary:
    return MapSummary.of(map_table(maps, -np.inf, 0.0), maps[0, 0].size)


def test_the_probe_statistics_are_those_of_its_input() -> None:
    read = RNG.normal(size=(20, 3, 4, 4)) * [[[[1]], [[5]], [[9]]]] + 2
    mean, variance, gain, shift = RNG.normal(size=(4, 3))
    variance, gain[2] = variance**2, 1e-4
    n = Normalisation(mean, variance, gain, shift, 1e-3, 0.9)

    def column(values: np.ndarray) -> np.ndarray:
        return values[:, None, None]

    put_out = column(gain) * (read - column(mean)) / np.sqrt(column(variance) + 1e-3)
    state = normalisation_state(n, summary(put_out + column(shift)))
    assert state is not None
    assert state.probe_mean[:2] == pytest.approx(read.mean(axis=(0, 2, 3))[:2])
    assert state.probe_variance[:2] == pytest.approx(read.var(axis=(0, 2, 3))[:2])
    assert np.isnan([state.probe_mean[2], state.probe_variance[2]]).all()


def test_without_gain_and_shift_they_are_one_and_zero() -> None:
    maps = RNG.normal(size=(9, 2, 3, 3))
    n = Normalisation(np.zeros(2), np.ones(2), None, None, 0.0, float("nan"))
    state = normalisation_state(n, summary(maps))
    assert state is not None
    assert (state.gain.tolist(), state.shift.tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert state.probe_mean == pytest.approx(maps.mean(axis=(0, 2, 3)))


def test_another_layers_map_tells_nothing() -> None:
    n = Normalisation(np.zeros(4), np.ones(4), None, None, 0.0, 0.9)
    assert normalisation_state(n, summary(RNG.normal(size=(9, 2, 3, 3)))) is None
