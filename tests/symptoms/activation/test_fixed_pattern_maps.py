"""S05: finds maps that show the same picture for every image, and says where on the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import InputDependence, SpatialProfile
from snellen.symptoms.activation.fixed_pattern_maps import FixedPatternMaps
from symptoms.build import UNHARMED, conv, dependence, finding, grade, probe, sentence, subject
from symptoms.richer import pattern_dependence, profile


def watched(share: Any, *, step: int = 1000, own: float | None = None, **changes: Any) -> Subject:
    """A layer of 10 channels of which these shares are a common pattern."""
    history = probe("conv", InputDependence, "post", (step, pattern_dependence(share, channels=10)))
    if "profile" in changes:
        history |= probe("conv", SpatialProfile, "post", (step, changes.pop("profile")))
    if own is not None:
        history |= probe("", InputDependence, "input", (step, pattern_dependence(own, channels=1)))
    return subject(conv(**({"channels": 10} | changes)), history=history)


def some(count: int, share: float = 0.95) -> list[float]:
    return [share] * count + [0.2] * (10 - count)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(some(1), "clear", id="one channel of ten"),
        pytest.param(some(2), "warning", id="a fifth"),
        pytest.param(some(7), "warning", id="under four fifths"),
        pytest.param(some(8), "error", id="four fifths"),
        pytest.param(some(10, 0.89), "clear", id="89% of the variance"),
        pytest.param(some(10, 0.9), "error", id="90% of the variance"),
    ],
)
def test_both_sides_of_each_limit(share: list[float], expected: str) -> None:
    assert grade(FixedPatternMaps(), watched(share)) == expected


def test_a_centred_data_set_has_much_in_common_and_much_that_varies() -> None:
    assert grade(FixedPatternMaps(), watched(0.6, own=0.6)) == "clear"


@pytest.mark.parametrize(("positions", "expected"), [((3, 5), "silent"), ((4, 4), "error")])
def test_small_maps_have_no_room_for_a_pattern(positions: Any, expected: str) -> None:
    assert grade(FixedPatternMaps(), watched(0.95, positions=positions)) == expected
    assert grade(FixedPatternMaps(), watched(0.95, positions=())) == "silent"


def test_maps_of_no_image_are_another_symptom() -> None:
    history = probe("conv", InputDependence, "post", (1000, dependence(1e-4)))
    assert grade(FixedPatternMaps(), subject(conv(), history=history)) == "silent"
    flat = InputDependence(320, np.ones(8), np.zeros(8), np.zeros(8))
    history = probe("conv", InputDependence, "post", (1000, flat))
    assert grade(FixedPatternMaps(), subject(conv(), history=history)) == "silent"


def test_before_training_and_in_the_warm_up_it_is_not_judged() -> None:
    assert grade(FixedPatternMaps(), watched(0.95, step=0)) == "undecided"


@pytest.mark.parametrize(
    ("seen", "where"),
    [
        pytest.param(profile(channels=10, ring_share=0.8), "at the border", id="border"),
        pytest.param(
            profile(channels=10, phase_shares=0.9), "on a lattice", id="lattice of the stride"
        ),
        pytest.param(profile(channels=10), "across the map", id="anywhere"),
        pytest.param(profile(channels=10, ring_share=np.nan), "across the map", id="unknown"),
        pytest.param(profile(channels=3), "across the map", id="of another layer"),
    ],
)
def test_says_where_the_pattern_lies(seen: SpatialProfile, where: str) -> None:
    assert where in sentence(FixedPatternMaps(), watched(some(5), profile=seen))


def test_sentence_and_channels() -> None:
    seen = watched(some(3), own=0.97)
    assert sentence(FixedPatternMaps(), seen) == (
        "in 3 of 10 channels 95% of the variance is a pattern across the map that all 320 images "
        "share; of the images themselves 97% is (allowed: 90%, in 20% of channels)"
    )
    assert finding(FixedPatternMaps(), seen).place.channels == (0, 1, 2)


def test_without_harm_it_is_a_note() -> None:
    assert grade(FixedPatternMaps(), watched(0.95), outcome=UNHARMED) == "note"


def test_the_first_layer_is_named_and_the_others_are_counted() -> None:
    history = {
        key: value
        for name, share in (("a", 0.2), ("b", 0.95), ("c", 0.95))
        for key, value in probe(
            name, InputDependence, "post", (1000, pattern_dependence(share))
        ).items()
    }
    seen = subject(*[conv(name, index=n) for n, name in enumerate("abc")], history=history)
    assert finding(FixedPatternMaps(), seen).place.layer == "b"
    assert "images share, and likewise in 1 later layer (" in sentence(FixedPatternMaps(), seen)
    assert grade(FixedPatternMaps(), seen, "a") == "clear"
