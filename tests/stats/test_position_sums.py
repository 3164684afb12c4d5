"""The split of the mean square against variances taken position by position."""

from __future__ import annotations

import functools
import operator

import numpy as np
import pytest

from snellen.stats import PositionSums


def test_splits_the_mean_square_as_numpy_does(rng: np.random.Generator) -> None:
    maps = rng.normal(loc=2, size=(9, 3, 4, 5)).astype(np.float32)

    got = PositionSums.of(maps).reduced()

    exact = maps.astype(np.float64)
    np.testing.assert_allclose(got.fixed, np.square(exact.mean(axis=0)).mean(axis=(1, 2)))
    np.testing.assert_allclose(got.varying, exact.var(axis=0).mean(axis=(1, 2)))
    np.testing.assert_allclose(got.pattern, exact.mean(axis=0).var(axis=(1, 2)))
    np.testing.assert_allclose(got.fixed + got.varying, np.square(exact).mean(axis=(0, 2, 3)))
    assert got.layer_ratio == pytest.approx(got.varying.sum() / (got.fixed + got.varying).sum())


def test_merging_is_the_same_as_seeing_everything_at_once(rng: np.random.Generator) -> None:
    maps = rng.normal(size=(20, 3, 4))
    pieces = [PositionSums.of(piece) for piece in np.split(maps, [1, 8, 9])]

    for order in (pieces, pieces[::-1]):
        merged = functools.reduce(operator.add, order).reduced()
        assert merged.images == 20
        np.testing.assert_allclose(merged.ratio, PositionSums.of(maps).reduced().ratio)


def test_constant_varying_and_empty_channels(rng: np.random.Generator) -> None:
    maps = np.zeros((6, 3, 4))
    maps[:, 0] = rng.normal(size=4)
    maps[:, 1] = np.array([1, -1, 1, -1, 1, -1])[:, None]

    ratio = PositionSums.of(maps).reduced().ratio

    assert ratio[:2] == pytest.approx([0, 1], abs=1e-12)
    assert np.isnan(ratio[2])


def test_plain_vectors_have_one_position(rng: np.random.Generator) -> None:
    assert PositionSums.of(rng.normal(size=(5, 3))).sums.shape == (3, 1)
