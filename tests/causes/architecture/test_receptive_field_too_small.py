from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.architecture.receptive_field_too_small import ReceptiveFieldTooSmall
from snellen.core import Layer
from snellen.record import HELD_OUT, Subject
from snellen.stats import ImageAnswers, MapSummary
from snellen.symptoms.spatial.receptive_field_mismatch import Nearsighted, Overshoot
from symptoms.build import conv, maps, probe, subject
from symptoms.geometric import (
    ACTIVATION,
    FLATTEN,
    effective_field,
    max_pool,
    network,
    seen,
    sliding,
)
from symptoms.richer import image_answers

NEAR = Nearsighted(5, 40, 0.2, float("nan"))
FAR = Overshoot("conv0", 4, 0.9, 0.8, 0.001)


def flattening(image: int = 32, *, pool: int = 1, images: int = 200) -> Subject:
    """Maps of 8 channels flattened into a dense layer of 64 units."""
    steps = (sliding(3), max_pool(pool)) if pool > 1 else (sliding(3),)
    own = network(image, *steps, last=FLATTEN, facts={"training_images": images})
    side = image // pool
    wide: Layer = replace(own.layers[-1], weight_shape=(64, 8 * side * side))
    return replace(own, layers=(*own.layers[:-1], wide))


@pytest.mark.parametrize(("layers", "small"), [(4, True), (5, False)])
def test_the_field_beside_the_image(layers: int, small: bool) -> None:
    # n layers of 3 see 2n + 1 pixels; 30% of 36 is 10.8.
    about = case(network(36, *[sliding(3)] * layers))
    key = "field-is-a-small-part-of-the-image"
    assert present(ReceptiveFieldTooSmall, key, about) is small


def test_a_flattening_sees_everything() -> None:
    about = case(network(36, sliding(3), last=FLATTEN))
    key = "field-is-a-small-part-of-the-image"
    assert present(ReceptiveFieldTooSmall, key, about) is False


@pytest.mark.parametrize(
    ("own", "wide"),
    [
        (flattening(32), True),
        (flattening(32, images=10_000), False),
        (flattening(32, pool=4, images=20), False),
        (flattening(16, images=20), False),
    ],
)
def test_flattening_at_full_size(own: Subject, wide: bool) -> None:
    assert present(ReceptiveFieldTooSmall, "flattened-at-full-size", case(own)) is wide


@pytest.mark.parametrize(("pools", "hardly"), [(1, True), (2, False)])
def test_downsampling(pools: int, hardly: bool) -> None:
    about = case(network(32, sliding(3), *[max_pool()] * pools, sliding(3)))
    assert present(ReceptiveFieldTooSmall, "hardly-any-downsampling", about) is hardly


def test_answers_at_each_position_need_no_downsampling() -> None:
    about = case(network(32, sliding(3), sliding(1), last=None))
    assert present(ReceptiveFieldTooSmall, "hardly-any-downsampling", about) is None


@pytest.mark.parametrize(("side", "little"), [(7, True), (8, False)])
def test_influence(side: int, little: bool) -> None:
    own = network(32, sliding(3), sliding(3), history=seen("conv1", effective_field(side, 32)))
    key = "little-of-the-image-has-influence"
    assert present(ReceptiveFieldTooSmall, key, case(own)) is little


@pytest.mark.parametrize("code", ["S32", "S34"])
def test_what_symptoms_said(code: str) -> None:
    key = "field-or-fineness-was-reported"
    own = network(32, sliding(3))
    assert present(ReceptiveFieldTooSmall, key, case(own, found(code))) is True
    assert present(ReceptiveFieldTooSmall, key, case(own, clean=[code])) is False
    assert present(ReceptiveFieldTooSmall, key, case(own)) is None


def test_only_one_kind_of_mismatch_counts() -> None:
    key = "field-or-fineness-was-reported"
    own = network(32, sliding(3))
    assert present(ReceptiveFieldTooSmall, key, case(own, found("S31", NEAR))) is True
    assert present(ReceptiveFieldTooSmall, key, case(own, found("S31", FAR))) is False


@pytest.mark.parametrize(("pools", "everything"), [(1, True), (0, False)])
def test_coarse_maps_that_see_all_speak_against_it(pools: int, everything: bool) -> None:
    steps = [part for _ in range(pools) for part in (sliding(5), max_pool(4))]
    about = case(network(32, *steps, sliding(5)))
    key = "everything-is-seen-through-coarse-maps"
    assert present(ReceptiveFieldTooSmall, key, about) is everything


@pytest.mark.parametrize(("right", "by_heart"), [(320, False), (200, True)])
def test_a_gap_behind_a_flattening(right: int, by_heart: bool) -> None:
    truth = np.tile(np.arange(10), 32)
    other = np.where(np.arange(320) < right, truth, (truth + 1) % 10)
    own = plus(
        flattening(32),
        probe("", ImageAnswers, "", (1000, image_answers(truth))),
        probe("", ImageAnswers, HELD_OUT, (1000, image_answers(truth, other))),
    )
    key = "learnt-by-heart-through-pixels"
    assert present(ReceptiveFieldTooSmall, key, case(own)) is by_heart


@pytest.mark.parametrize(
    ("changes", "nothing"), [((0.0, 0.0), True), ((0.0, 0.1), False), ((0.0009, 0.0009), True)]
)
def test_branches_that_add_nothing(changes: tuple[float, float], nothing: bool) -> None:
    own = subject(
        conv("stem"),
        conv("branch0", inputs=("stem",), activation="linear", residual=True),
        Layer("sum0", 2, ACTIVATION, "relu", 8, (8, 8), "relu", inputs=("stem", "branch0")),
        conv("branch1", inputs=("sum0",), activation="linear", residual=True),
        Layer("sum1", 4, ACTIVATION, "relu", 8, (8, 8), "relu", inputs=("sum0", "branch1")),
    )
    size = 1.0
    seen_maps = dict(probe("stem", MapSummary, "post", (1000, maps(mean=size, std=0.0))))
    for number, change in enumerate(changes):
        size *= 1 + change / 2
        seen_maps |= probe(f"sum{number}", MapSummary, "post", (1000, maps(mean=size, std=0.0)))
    about = case(plus(own, seen_maps))
    assert present(ReceptiveFieldTooSmall, "branches-add-nothing", about) is nothing
    assert present(ReceptiveFieldTooSmall, "branches-add-nothing", case(own)) is None


def test_small_fields_are_believed_and_pooled_ones_are_not() -> None:
    near = case(network(40, *[sliding(3)] * 3), found("S31", NEAR))
    pooled = case(
        network(32, sliding(3), max_pool(), sliding(3), max_pool(), sliding(3), max_pool()),
        clean=["S31", "S32", "S34"],
    )
    assert belief(ReceptiveFieldTooSmall, near) > 0.8
    assert belief(ReceptiveFieldTooSmall, pooled) < 0.1


def test_the_remedy_for_a_small_field_spreads_kernels() -> None:
    dilated, halved = remedies(
        ReceptiveFieldTooSmall, case(network(40, *[sliding(3)] * 3), found("S31", NEAR))
    )
    # Three layers see 7 of 40 pixels; half of them are 13 more, 2 pixels for each step of dilation.
    assert dilated.code.splitlines() == [
        "model.conv1 = nn.Conv2d(8, 8, 3, padding=5, dilation=5)",
        "model.conv2 = nn.Conv2d(8, 8, 3, padding=5, dilation=5)",
    ]
    assert "conv0" in halved.title


def test_the_remedy_for_a_flattening_pools() -> None:
    pooled, *_ = remedies(ReceptiveFieldTooSmall, case(flattening(32)))
    assert "32×32 positions of conv0" in pooled.title
    assert pooled.code.splitlines()[-1] == "model.head = nn.Linear(8, 10)"


def test_both_in_keras() -> None:
    remedies(ReceptiveFieldTooSmall, case(flattening(32), keras=True))
    dilated, _ = remedies(ReceptiveFieldTooSmall, case(network(40, *[sliding(3)] * 3), keras=True))
    assert 'padding="same", dilation_rate=5' in dilated.code


def test_the_remedy_for_lost_influence_lets_branches_count() -> None:
    own = network(40, sliding(3))
    own = replace(own, layers=(replace(own.layers[0], residual=True), *own.layers[1:]))
    first, *_ = remedies(ReceptiveFieldTooSmall, case(own, found("S32")))
    assert "the branches of conv0" in first.title


def test_one_by_one_kernels_get_one_that_sees() -> None:
    first, *_ = remedies(ReceptiveFieldTooSmall, case(network(40, sliding(1), sliding(1))))
    assert "3 taps" in first.title


def test_remedies_need_no_layers() -> None:
    remedies(ReceptiveFieldTooSmall, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(ReceptiveFieldTooSmall)
