"""Pooled maps and their main components, against NumPy's singular values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snellen.stats import Features, FilterImage, ImageAnswers
from snellen.stats.features import MOST_COMPONENTS, MOST_POOLED, pooled

RNG = np.random.default_rng(3)


def test_quarters_are_averaged() -> None:
    maps = RNG.normal(size=(3, 2, 5, 4))
    expected = [
        [m[c][i, j].mean() for c in range(2) for i in (slice(0, 2), slice(2, 5))
         for j in (slice(0, 2), slice(2, 4))]
        for m in maps
    ]  # fmt: skip
    assert pooled(maps) == pytest.approx(np.array(expected), abs=1e-6)


def test_vectors_and_single_positions_stay_as_they_are() -> None:
    units = RNG.normal(size=(4, 7)).astype(np.float32)
    assert pooled(units) == pytest.approx(units)
    assert pooled(units[:, :, None, None]) == pytest.approx(units)
    assert pooled(units[:, None]).shape == (4, 2)


def test_memory_is_bounded_and_views_are_not_copied() -> None:
    assert pooled(np.zeros((2, 5000), np.float32)).shape == (2, MOST_POOLED)
    huge = np.broadcast_to(np.float32(3.0), (1, 1, 4096, 4096))
    assert pooled(huge).tolist() == [[3.0] * 4]


def test_values_that_are_not_finite_are_left_out() -> None:
    maps = np.ones((2, 1, 4, 4))
    maps[0, 0, 0, 0], maps[1] = np.nan, np.inf
    assert pooled(maps).tolist() == [[1.0] * 4, [0.0] * 4]


@pytest.mark.parametrize("shape", [(20, 5), (6, 300), (90, 200)])
def test_components_are_those_of_the_singular_value_decomposition(shape: tuple[int, int]) -> None:
    x = RNG.normal(size=shape) * np.linspace(1, 9, shape[1]) + 50
    found = Features.of(x)
    centred = x - x.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    count = min(MOST_COMPONENTS, shape[1], shape[0] - 1)
    assert found.scores.shape == (shape[0], count)
    assert np.abs(found.scores) == pytest.approx(np.abs(u * s)[:, :count], rel=2e-2, abs=0.2)
    assert found.explained == pytest.approx((s[:count] ** 2).sum() / (s**2).sum(), abs=1e-4)


def test_constant_maps_have_no_components() -> None:
    found = Features.of(np.full((5, 3), 0.1))
    assert found.scores.shape == (5, 0)
    assert math.isnan(found.explained)


def test_answers_hold_the_labels_probability_and_its_best_rival() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])
    found = ImageAnswers.of(shares, shares.argmax(axis=1), np.array([0, 2, 9]))
    assert found.label.tolist() == [0, 2, -1]
    assert found.chosen.tolist() == [0, 1, 2]
    assert found.probability[:2].tolist() == pytest.approx([0.7, 0.3])
    assert found.runner_up[:2].tolist() == pytest.approx([0.2, 0.6])
    assert np.isnan(found.probability[2])
    assert np.isnan(found.runner_up[2])


def test_filters_that_repeat_are_counted_whole() -> None:
    kernel = RNG.normal(size=(300, 1, 3, 3)).astype(np.float32)
    initial = np.ones_like(kernel)
    kernel[10:12] = kernel[9]
    found = FilterImage.of(kernel, initial)
    assert found.kernel.shape == (256, 1, 3, 3)
    assert (found.repeated, found.repeated_initially) == (2, 299)
    assert FilterImage.of(kernel, initial[:5]).repeated_initially == -1
