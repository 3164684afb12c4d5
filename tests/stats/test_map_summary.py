"""What a summary says of maps, against NumPy over the maps themselves."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import MapSummary, kernels


def summary(maps: np.ndarray, low: float = -np.inf, high: float = 0.0) -> MapSummary:
    table = kernels.map_table(maps, low, high)
    return MapSummary.of(table, positions=int(np.prod(maps.shape[2:])))


def test_moments_are_those_of_the_maps(rng: np.random.Generator) -> None:
    maps = rng.normal(loc=0.5, size=(7, 3, 4, 5))
    got = summary(maps)

    np.testing.assert_allclose(got.mean, maps.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(got.variance, maps.var(axis=(0, 2, 3)))
    np.testing.assert_allclose(got.mean_magnitude, np.abs(maps).mean(axis=(0, 2, 3)))
    assert got.rms == pytest.approx(np.sqrt(np.square(maps).mean()))
    np.testing.assert_allclose(
        got.image_mean_squares, np.square(maps.mean(axis=(2, 3))).sum(axis=0)
    )


def test_counts_images_not_positions() -> None:
    maps = np.zeros((4, 2, 3))
    maps[1, 0] = maps[3, 0, 1] = 1.0
    got = summary(maps)

    assert got.active_images.tolist() == [2, 0]
    assert got.silent.tolist() == [False, True]


def test_share_beyond_the_rails_is_of_the_finite_values() -> None:
    got = summary(np.array([[[-1.0, 0.5, 1.0, np.nan, 0.0]]]), low=-0.5, high=0.9)

    assert got.beyond_rails.tolist() == [0.5]
    assert got.nonfinite.tolist() == [1]


def test_a_channel_without_a_finite_value_has_no_mean() -> None:
    got = summary(np.full((2, 1, 3), np.inf))

    assert np.isnan(got.mean[0])
    assert np.isnan(got.rms)


def test_channels_must_match() -> None:
    with pytest.raises(ValueError, match="do not merge"):
        summary(np.zeros((1, 2, 3))) + summary(np.zeros((1, 3, 3)))


def test_survives_the_trip_through_arrays(rng: np.random.Generator) -> None:
    got = summary(rng.normal(size=(3, 2, 4)))
    back = MapSummary.from_arrays(got.to_arrays())

    for name, value in vars(got).items():
        np.testing.assert_array_equal(vars(back)[name], value)
