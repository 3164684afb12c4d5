"""Numbers made small for a page, without saying more or less than was measured."""

from __future__ import annotations

import re

import numpy as np

from report import runs
from report.html.pages import exhibit_of, view_of
from snellen.report.health import Health
from snellen.report.html.payload import (
    CODES,
    LEVELS,
    MOST_LOOKS,
    UNKNOWN_LEVEL,
    chosen_channels,
    chosen_looks,
    levels,
    payload,
)


def test_only_nothing_is_nothing_and_only_all_is_all() -> None:
    shares = [0.0, np.nextafter(0.0, 1.0), np.nextafter(1.0, 0.0), 1.0, float("nan")]
    expected = LEVELS[0] + LEVELS[1] + LEVELS[-2] + LEVELS[-1] + UNKNOWN_LEVEL
    assert levels(np.array(shares)) == expected
    assert UNKNOWN_LEVEL not in LEVELS
    assert len(set(LEVELS)) == 64


def test_levels_are_as_fine_as_they_can_be(rng: np.random.Generator) -> None:
    shares = rng.random(1000)
    places = np.array([LEVELS.index(one) for one in levels(shares)])
    assert (np.abs((places - 0.5) / 62 - shares) <= 0.5 / 62 + 1e-12).all()


def test_every_health_has_a_code_of_its_own() -> None:
    assert set(CODES) == set(Health)
    assert len(set(CODES.values())) == len(Health)
    assert all(re.fullmatch("[a-z]", code) for code in CODES.values())


def test_looks_with_pictures_are_kept_first() -> None:
    view = view_of(steps=range(100), pictured=(0, 33, 99))
    kept = chosen_looks(view)
    assert len(kept) == MOST_LOOKS
    assert {0, 33, 99} <= set(kept)
    assert chosen_looks(view_of(steps=range(5), pictured=(0,))) == [0, 1, 2, 3, 4]


def test_numbers_are_given_of_pictured_and_faulty_channels_first() -> None:
    view = view_of(channels=100, silent=(40, 90), pictured=(0,))
    assert chosen_channels(view, 4) == [0, 1, 40, 90]
    assert chosen_channels(view, 1000) == list(range(100))
    assert chosen_channels(view_of(steps=()), 10) == []


def test_a_layer_tells_the_health_of_every_channel_at_every_look() -> None:
    layer = runs.layer("conv1", 0, 3)
    subject = runs.subject([layer], {"conv1": runs.summary(3, silent=[1])})
    told = payload(exhibit_of(subject)[1])["layers"]["layer-0-0"]
    assert told["steps"] == [40]
    assert told["health"] == ["1a1d1a"]
    assert told["channels"] == [0, 1, 2]
    assert told["active"] == ["_0_"]
    assert told["classes"] is None
