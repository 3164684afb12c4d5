"""Unbiased CKA against its definition as means over tuples of images, and the laws it keeps."""

from __future__ import annotations

import numpy as np
import pytest

import plain
from snellen.stats import map_correlation, unbiased_linear_cka


def test_equals_the_definition_by_tuples_of_images(rng: np.random.Generator) -> None:
    x = rng.normal(size=(6, 4))
    y = 0.7 * x[:, [1, 0, 2, 3]] + rng.normal(size=(6, 4))

    assert unbiased_linear_cka(x, y) == pytest.approx(plain.cka(x, y), rel=1e-9)


def test_is_blind_to_rotation_scale_and_shift(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(12, 5)), rng.normal(size=(12, 7))
    y[:, :5] += x
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]

    expected = unbiased_linear_cka(x, y)
    assert unbiased_linear_cka(1e-20 * x @ rotation + 3e-20, y) == pytest.approx(expected)
    assert unbiased_linear_cka(y, x) == pytest.approx(expected)
    assert unbiased_linear_cka(x, x @ rotation) == pytest.approx(1.0)


def test_unrelated_features_are_around_zero_however_many_there_are(
    rng: np.random.Generator,
) -> None:
    # The biased estimator gives 0.97 here.
    x, y = rng.normal(size=(2, 64, 4096))
    assert abs(unbiased_linear_cka(x, y)) < 0.2


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(np.eye(3), id="three images"),
        pytest.param(np.full((5, 2), 0.1), id="constant"),
        pytest.param(np.array([[np.nan], [1.0], [2.0], [5.0], [3.0]]), id="nan"),
        pytest.param(np.array([[np.inf], [1.0], [2.0], [5.0], [3.0]]), id="inf"),
    ],
)
def test_is_nan_where_it_is_not_defined(x: np.ndarray) -> None:
    other = np.arange(len(x), dtype=float)[:, None] ** 2
    assert np.isnan(unbiased_linear_cka(x, other))
    assert np.isnan(unbiased_linear_cka(other, x))


def test_needs_the_same_images() -> None:
    with pytest.raises(ValueError, match="same images"):
        unbiased_linear_cka(np.eye(5), np.eye(6))


def test_map_correlation_is_the_median_over_living_channels(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 5, 3, 3))
    y = x + rng.normal(size=x.shape) * np.arange(5)[:, None, None]
    y[:, 2] = 7.0

    each = [np.corrcoef(x[:, c].ravel(), y[:, c].ravel())[0, 1] for c in (0, 1, 3, 4)]
    assert map_correlation(x, y) == pytest.approx(np.median(each))
    assert np.isnan(map_correlation(x[:, 2:3], y[:, 2:3]))
