"""A look in several chunks is the look in one."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from snellen.adapters.contract import Glimpse
from snellen.capture.examined import Examined, Key
from snellen.capture.look import Look, Remembered
from snellen.core import Layer, LayerKind
from snellen.stats import Statistic
from snellen.stats.kernels import map_table

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(30, 5, 6, 7)).astype(np.float32)
LAYER = Layer("conv", 0, LayerKind.CONV, "conv2d", 5, (6, 7), activation="relu")


def shown(look: Look, maps: npt.NDArray[np.float32], part: str = "post") -> None:
    look.see(Glimpse(LAYER, part, lambda low, high: map_table(maps, low, high), 42, lambda: maps))


def looked(sizes: list[int], step: int = 0, maps: npt.NDArray[np.float32] = MAPS) -> Look:
    look = Look(step, pictured=True)
    for part in np.split(maps, np.cumsum(sizes)[:-1]):
        shown(look, np.ascontiguousarray(part))
    return look


KEY: Key = ("conv", "post")


@pytest.mark.parametrize("sizes", [[10, 10, 10], [29, 1], [1] * 30])
def test_chunks_merge_to_the_whole(sizes: list[int]) -> None:
    whole, parts = looked([30]), looked(sizes)
    for left, right in [
        (whole.summaries[KEY], parts.summaries[KEY]),
        (dict(whole.dependence())[KEY], dict(parts.dependence())[KEY]),
    ]:
        for field in dataclasses.fields(left):
            a, b = getattr(left, field.name), getattr(right, field.name)
            assert np.allclose(a, b, rtol=1e-6, equal_nan=True), field.name
    features = [look.remembered([KEY])[KEY].features for look in (whole, parts)]
    assert np.allclose(features[0], MAPS.mean(axis=(2, 3)), atol=1e-6)
    assert np.allclose(features[0], features[1], atol=1e-6)


def test_the_same_maps_are_wholly_similar_and_others_are_not() -> None:
    before = looked([30]).remembered([KEY])
    same: dict[Key, Remembered] = looked([30], 5).remembered([KEY])
    other = looked([30], 5, RNG.permutation(MAPS)).remembered([KEY])
    look = Look(5)
    ((_, kept),) = look.similarity(same, before)
    ((_, lost),) = look.similarity(other, before)
    assert kept.cka == pytest.approx(1.0)
    assert kept.correlation == pytest.approx(1.0)
    assert kept.previous_step == 0
    assert lost.cka < 0.5
    assert abs(lost.correlation) < 0.3


def test_pictures_are_a_few_and_share_a_scale() -> None:
    pictures = list(looked([30]).pictures())
    assert {p.image for p in pictures} == {0, 1}
    assert {p.channel for p in pictures} == set(range(5))
    assert {(p.low, p.high) for p in pictures} == {(MAPS[:2].min(), MAPS[:2].max())}


def test_nothing_is_compared_with_other_images() -> None:
    before = looked([30]).remembered([KEY])
    fewer = looked([20], 5, MAPS[:20]).remembered([KEY])
    assert list(Look(5).similarity(fewer, before)) == []


def test_an_examined_look_in_chunks_is_the_look_in_one() -> None:
    labels = np.arange(30) % 4

    def examined(sizes: list[int]) -> dict[str, Statistic]:
        look = Look(0, examined=Examined(30, {"conv": "post"}, classes=4))
        assert look.examined is not None
        bounds = np.cumsum(sizes)[:-1]
        for maps, y in zip(np.split(MAPS, bounds), np.split(labels, bounds), strict=True):
            look.examined.labels = y
            shown(look, np.ascontiguousarray(maps), "pre")
            shown(look, np.ascontiguousarray(maps))
        assert {key for key, _ in look.examination()} == {KEY}
        return {statistic.name: statistic for _, statistic in look.examination()}

    whole, parts = examined([30]), examined([11, 18, 1])
    kinds = ["channel-structure", "class-response", "features", "spatial-profile"]
    assert sorted(whole) == sorted(parts) == kinds
    for name in kinds:
        for field, value in vars(whole[name]).items():
            other = getattr(parts[name], field)
            assert other == pytest.approx(value, rel=1e-4, abs=1e-5, nan_ok=True), (name, field)


def test_where_the_activation_is_not_known_the_last_map_counts() -> None:
    for parts, expected in [(("pre",), "pre"), (("pre", "post"), "post")]:
        look = Look(0, examined=Examined(30, {}))
        for part in parts:
            shown(look, MAPS, part)
        assert {key for key, _ in look.examination()} == {("conv", expected)}


def test_a_plain_look_examines_nothing() -> None:
    assert looked([30]).examination() == []
