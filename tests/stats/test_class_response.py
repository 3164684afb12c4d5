"""What each channel answers to each class, against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import ClassResponse
from snellen.stats.kernels import map_table

RNG = np.random.default_rng(1)
MAPS = RNG.normal(size=(20, 3, 4, 5))
LABELS = RNG.integers(-1, 5, 20)


def response(of: slice = slice(None)) -> ClassResponse:
    return ClassResponse.of(map_table(MAPS[of], -np.inf, 0.0), 20, LABELS[of], 4)


def test_sums_are_those_of_a_loop() -> None:
    found = response()
    for k in range(4):
        mine = MAPS[k == LABELS]
        means = mine.mean(axis=(2, 3))
        assert found.images[k] == len(mine)
        assert found.sum[k] == pytest.approx(means.sum(axis=0))
        assert found.squares[k] == pytest.approx((means**2).sum(axis=0))
        assert found.magnitudes[k] == pytest.approx(np.abs(mine).mean(axis=(2, 3)).sum(axis=0))


def test_images_merge() -> None:
    whole, merged = response(), response(slice(7)) + response(slice(7, None))
    for name, value in vars(whole).items():
        assert getattr(merged, name) == pytest.approx(value), name


def test_values_that_are_not_finite_are_left_out() -> None:
    maps = MAPS.copy()
    maps[0, 0, 0, 0] = np.nan
    maps[1, 1] = np.inf
    found = ClassResponse.of(map_table(maps, -np.inf, 0.0), 20, np.zeros(20, np.int64), 1)
    expected = [
        np.mean(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in maps[:, 0]
    ]
    assert found.sum[0, 0] == pytest.approx(sum(expected))
    assert np.isfinite(found.sum).all()


def test_other_classes_do_not_merge() -> None:
    few = ClassResponse.of(map_table(MAPS, -np.inf, 0.0), 20, LABELS, 2)
    with pytest.raises(ValueError, match="do not merge"):
        response() + few
