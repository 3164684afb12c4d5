"""S38: inputs in an unusual range, as the model gets them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.data.input_range import InputRange
from symptoms.build import (
    UNHARMED,
    broken,
    conv,
    grade,
    head,
    inline,
    maps,
    probe,
    sentence,
    subject,
)


def images(**moments: Any) -> Subject:
    kept = {"channels": 3, "images": 1000, "minimum": 0.0, "maximum": 1.0, "mean": 0.5, "std": 0.25}
    seen = maps(**(kept | moments))
    return subject(conv(), history=inline("", MapSummary, "input", (1, seen)))


RAW = {"minimum": 0.0, "maximum": 255.0, "mean": 120.0, "std": 64.0}


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param({}, "clear", id="0 to 1"),
        pytest.param({"mean": 0.0, "std": 1.0, "minimum": -2.1, "maximum": 2.6}, "clear", id="std"),
        pytest.param(RAW, "warning", id="0 to 255"),
        pytest.param({"maximum": 20.0, "std": 4.0}, "clear", id="up to 20"),
        pytest.param({"maximum": 20.1, "std": 4.0}, "warning", id="above 20"),
        pytest.param({"minimum": -20.1, "std": 4.0}, "warning", id="below −20"),
        pytest.param({"mean": 0.75}, "clear", id="three deviations off centre"),
        pytest.param({"mean": 0.76}, "warning", id="more than three"),
        pytest.param({"mean": -0.76, "minimum": -1.0}, "warning", id="on the other side"),
        pytest.param({"mean": 0.01, "std": 0.051}, "clear", id="a deviation just above 0.05"),
        pytest.param({"mean": 0.01, "std": 0.049}, "warning", id="just below"),
        pytest.param({"std": 5.0, "maximum": 15.0}, "clear", id="a deviation of 5"),
        pytest.param({"std": 5.01, "maximum": 15.0}, "warning", id="more than 5"),
        pytest.param({"mean": 0.5, "std": 0.0}, "warning", id="blank images"),
        pytest.param({"images": 299} | RAW, "undecided", id="299 images"),
        pytest.param({"images": 300} | RAW, "warning", id="300 images"),
    ],
)
def test_both_sides_of_each_limit(moments: dict[str, Any], expected: str) -> None:
    assert grade(InputRange(), images(**moments), "") == expected


@pytest.mark.parametrize(
    ("moments", "text"),
    [
        (
            RAW,
            "input values reach 255 (from 0) over 1000 images as the model gets them "
            "(allowed: up to 20)",
        ),
        (
            {"mean": [0.5, 0.5, 0.5], "std": [0.1, 0.05, 0.1]},
            "the input's mean is 0.5, 10 standard deviations from zero in channel 1 over 1000 "
            "images "
            "as the model gets them (allowed: 3 standard deviations)",
        ),
        (
            {"std": 0.01},
            "the input's standard deviation is 0.01 in channel 0 over 1000 images as the model "
            "gets "
            "them (allowed: 0.05 to 5)",
        ),
    ],
)
def test_sentence(moments: dict[str, Any], text: str) -> None:
    assert sentence(InputRange(), images(**moments)) == text


def test_raw_images_that_train_well_are_a_note() -> None:
    assert grade(InputRange(), images(**RAW), "", UNHARMED) == "note"


def test_one_constant_channel_may_hold_coordinates() -> None:
    rgba = images(channels=4, mean=[0.5, 0.5, 0.5, 1.0], std=[0.25, 0.25, 0.25, 0.0])
    assert grade(InputRange(), rgba, "") == "clear"


def test_many_channels_are_taken_together() -> None:
    spectra = images(channels=64, std=[0.0] * 32 + [0.25] * 32, mean=[0.0] * 32 + [0.5] * 32)
    assert grade(InputRange(), spectra, "") == "clear"


def test_the_source_with_more_images_counts() -> None:
    history = inline("", MapSummary, "input", (1, maps(channels=3, images=64, std=90.0)))
    history |= probe("", MapSummary, "input", (0, maps(channels=3, images=320)))
    assert grade(InputRange(), subject(conv(), history=history), "") == "clear"


def test_other_circumstances() -> None:
    assert grade(InputRange(), subject(conv()), "") == "undecided"
    assert grade(InputRange(), subject(head()), "") == "silent"
    nan = inline("", MapSummary, "input", (1, broken(channels=3)))
    with np.errstate(all="raise"):
        assert grade(InputRange(), subject(conv(), history=nan), "") == "undecided"
