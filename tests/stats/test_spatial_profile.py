"""Borders, lattices and spread of mean maps, against slow loops."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from snellen.stats import PositionSums, SpatialProfile
from snellen.stats.spatial_profile import SpatialEntropy

RNG = np.random.default_rng(2)
Maps = npt.NDArray[np.float64]


def profile(maps: Maps) -> SpatialProfile:
    height, width = maps.shape[2:]
    return SpatialProfile.of(PositionSums.of(maps), (height, width), SpatialEntropy.of(maps))


def test_ring_and_centre_are_means_of_the_mean_map() -> None:
    maps = RNG.normal(size=(10, 2, 6, 5))
    found, mean = profile(maps), maps.mean(axis=0)
    ring = [
        [m[i, j] for i in range(6) for j in range(5) if i in (0, 5) or j in (0, 4)] for m in mean
    ]
    assert found.ring == pytest.approx([np.mean(values) for values in ring])
    assert found.centre == pytest.approx(mean[:, 1:-1, 1:-1].mean(axis=(1, 2)))
    assert found.pattern == pytest.approx(mean.var(axis=(1, 2)))
    assert found.varying == pytest.approx(maps.var(axis=0).mean(axis=(1, 2)))


def test_a_frame_is_explained_by_the_ring_alone() -> None:
    framed = np.zeros((3, 1, 8, 8))
    framed[..., 1:-1, 1:-1] = 1.0
    assert profile(framed).ring_share == pytest.approx([1.0])
    sloping = np.broadcast_to(np.arange(8.0), (3, 1, 8, 8))
    assert profile(sloping.copy()).ring_share == pytest.approx([0.0])


@pytest.mark.parametrize("period", [2, 3, 4, 8])
def test_a_lattice_is_seen_at_its_period(period: int) -> None:
    cell = RNG.normal(size=(period, period))
    maps = np.tile(cell, (64 // period + 1, 64 // period + 1))[None, None, :64, :64]
    found = profile(maps)
    assert found.periods.tolist() == [2, 3, 4, 8]
    shares = dict(zip(found.periods.tolist(), found.phase_shares[:, 0], strict=True))
    assert shares[period] == pytest.approx(1.0)
    assert shares[3 if period != 3 else 2] < 0.9


def test_a_phase_share_is_that_of_a_loop() -> None:
    maps = RNG.normal(size=(4, 1, 16, 24))
    inside = maps.mean(axis=0)[0, 2:14, 3:21]
    for s, share in zip((2, 3, 4), profile(maps).phase_shares[:, 0], strict=True):
        rows, columns = inside.shape[0] // s * s, inside.shape[1] // s * s
        part = inside[:rows, :columns]
        phases = [part[i::s, j::s].mean() for i in range(s) for j in range(s)]
        assert share == pytest.approx(np.var(phases) / part.var())


def test_noise_has_the_phase_shares_of_chance() -> None:
    found = profile(RNG.normal(size=(1, 2000, 16, 16)))
    assert found.periods.tolist() == [2, 3, 4]
    assert found.phase_shares.mean(axis=1) == pytest.approx(found.phase_shares_by_chance, rel=0.05)


def test_periods_need_room() -> None:
    assert profile(RNG.normal(size=(1, 1, 8, 8))).periods.tolist() == [2]
    assert profile(RNG.normal(size=(1, 1, 7, 8))).periods.tolist() == []
    with pytest.raises(ValueError, match="at least 16"):
        profile(RNG.normal(size=(1, 1, 3, 5)))


def test_constant_maps_have_no_shares() -> None:
    found = profile(np.full((3, 2, 8, 8), 0.1))
    assert found.pattern.tolist() == [0.0, 0.0]
    assert np.isnan(found.ring_share).all()
    assert np.isnan(found.phase_shares).all()


def test_a_long_narrow_map_has_a_ring_alone() -> None:
    found = profile(RNG.normal(size=(2, 1, 2, 9)))
    assert math.isnan(found.centre[0])
    assert math.isnan(found.ring_share[0])


def test_a_channel_that_is_not_finite_leaves_the_others_alone() -> None:
    maps = RNG.normal(size=(3, 2, 6, 6))
    maps[0, 0, 2, 2] = np.nan
    with np.errstate(invalid="ignore"):
        found = profile(maps)
    assert math.isnan(found.pattern[0])
    assert found.pattern[1] == pytest.approx(maps[:, 1].mean(axis=0).var())


def test_entropy_is_one_for_even_maps_and_zero_for_one_position() -> None:
    maps = np.zeros((4, 3, 6, 6))
    maps[:, 0] = -2.0
    maps[:, 1, 2, 2] = 5.0
    entropy = SpatialEntropy.of(maps[:3]) + SpatialEntropy.of(maps[3:])
    assert entropy.mean[:2] == pytest.approx([1.0, 0.0], abs=1e-6)
    assert math.isnan(entropy.mean[2])


def test_entropy_is_that_of_a_loop() -> None:
    maps = np.maximum(RNG.normal(size=(5, 2, 4, 4)), 0)
    for c in range(2):
        each = []
        for image in maps[:, c]:
            shares = [v / image.sum() for v in image.ravel() if v > 0]
            each.append(-sum(p * math.log(p) for p in shares) / math.log(16))
        assert SpatialEntropy.of(maps).mean[c] == pytest.approx(np.mean(each), rel=1e-5)


def test_large_maps_are_sampled() -> None:
    entropy = SpatialEntropy.of(np.broadcast_to(np.float32(1), (64, 8, 4096, 4096)))
    assert entropy.mean == pytest.approx([1.0] * 8, rel=1e-4)
