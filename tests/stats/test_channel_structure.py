"""Channels are compared as NumPy's own correlation would, in any grouping of the images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.stats.channel_structure import MOST_CHANNELS, ChannelStructure, ChannelSums

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(40, 6, 5, 4)).astype(np.float32) * 100 + 1000
MAPS[:, 1] = -2 * MAPS[:, 0] + 3
MAPS[:, 3] = 7.0


def structure(maps: npt.NDArray[Any]) -> ChannelStructure:
    return ChannelSums.of(maps).reduced()


def test_partners_are_those_of_the_correlation_matrix() -> None:
    found = structure(MAPS)
    alive = [0, 1, 2, 4, 5]
    rows = np.moveaxis(MAPS, 1, 0).reshape(6, -1).astype(np.float64)
    expected = np.corrcoef(rows[alive])
    np.fill_diagonal(expected, 0)
    partner = np.abs(expected).argmax(axis=1)
    assert found.samples == 40 * 20
    assert found.partner.tolist() == [
        alive[partner[alive.index(c)]] if c in alive else -1 for c in range(6)
    ]
    assert found.correlation[alive] == pytest.approx(expected[range(5), partner], abs=1e-4)
    assert math.isnan(found.correlation[3])
    assert found.correlation[0] == pytest.approx(-1.0)


def test_eigenvalues_are_those_of_the_covariance() -> None:
    found = structure(MAPS)
    rows = np.moveaxis(MAPS, 1, 0).reshape(6, -1).astype(np.float64)
    expected = np.linalg.eigvalsh(np.cov(rows, bias=True))[::-1]
    assert found.eigenvalues == pytest.approx(expected, rel=1e-4, abs=1e-2)
    assert found.eigenvalues.min() >= 0
    assert found.effective_rank == pytest.approx(2.99, abs=0.01)


@given(st.lists(st.integers(1, 39), max_size=4))
def test_images_merge_in_any_grouping(cuts: list[int]) -> None:
    whole = ChannelSums.of(MAPS)
    parts = [ChannelSums.of(p) for p in np.split(MAPS, sorted(set(cuts)))]
    merged = parts[-1]
    for part in parts[:-1]:
        merged = part + merged
    assert (merged.images, merged.samples) == (40, 800)
    assert merged.mean == pytest.approx(whole.mean)
    assert merged.moments == pytest.approx(whole.moments, rel=1e-4, abs=1e-3 * whole.moments.max())


def test_identical_channels_correlate_to_the_last_digits() -> None:
    maps = RNG.normal(size=(30, 1, 8, 8)).astype(np.float32).repeat(2, axis=1)
    assert structure(maps).correlation == pytest.approx([1.0, 1.0], abs=1e-6)
    assert structure(maps).effective_rank == pytest.approx(1.0, abs=1e-4)


def test_images_with_a_value_that_is_not_finite_are_left_out() -> None:
    spoilt = MAPS.copy()
    spoilt[3, 2, 0, 0] = np.nan
    spoilt[7] = np.inf
    found = structure(spoilt)
    assert (found.images, found.samples) == (38, 38 * 20)
    assert structure(np.full_like(MAPS, np.nan)).samples == 0


@pytest.mark.parametrize("shape", [(5, 1, 3, 3), (1, 4, 1, 1), (8, 3), (0, 4, 3, 3), (4, 2, 7)])
def test_any_shape_has_a_structure(shape: tuple[int, ...]) -> None:
    found = structure(RNG.normal(size=shape))
    assert found.partner.shape == found.correlation.shape == (shape[1],)
    assert (found.partner == -1).all() == (shape[1] == 1 or shape[0] < 2)


def test_a_constant_layer_has_no_rank() -> None:
    found = structure(np.full((9, 4, 3, 3), 0.1, np.float32))
    assert (found.partner == -1).all()
    assert math.isnan(found.effective_rank)


def test_channels_and_positions_are_bounded_and_a_view_is_not_copied() -> None:
    # 4096 × 4096 maps of 1000 channels, 128 GiB were they whole.
    huge = np.broadcast_to(np.float32(1.0), (2, 1000, 4096, 4096))
    found = structure(huge)
    assert len(found.chosen) == MOST_CHANNELS
    assert (found.chosen[0], found.chosen[-1]) == (0, 999)
    assert found.samples == 2 * 64


def test_layers_do_not_merge_with_others() -> None:
    with pytest.raises(ValueError, match="6 and of 3 channels"):
        ChannelSums.of(MAPS) + ChannelSums.of(MAPS[:, :3])
