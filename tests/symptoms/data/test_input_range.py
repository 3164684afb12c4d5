"""S38: inputs in an unusual range, as the model gets them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import MapSummary, NormalisationState
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
        pytest.param({"maximum": 20.0, "std": 3.9}, "clear", id="up to 20"),
        pytest.param({"maximum": 20.1, "std": 4.0}, "warning", id="above 20"),
        pytest.param({"minimum": -20.1, "std": 4.0}, "warning", id="below −20"),
        pytest.param({"mean": 0.75, "maximum": 1.51}, "clear", id="three deviations off centre"),
        pytest.param({"mean": 0.76, "maximum": 1.51}, "warning", id="more than three"),
        pytest.param({"mean": -0.76, "minimum": -1.51}, "warning", id="on the other side"),
        pytest.param({"mean": 0.8, "std": 0.1, "maximum": 1.5}, "clear", id="a bright field"),
        pytest.param({"mean": 0.81, "std": 0.1, "maximum": 1.5}, "warning", id="nearly white"),
        pytest.param({"mean": 0.01, "std": 0.051}, "clear", id="a deviation just above 0.05"),
        pytest.param({"mean": 0.01, "std": 0.049}, "warning", id="just below"),
        pytest.param({"std": 4.0, "maximum": 15.0}, "clear", id="a deviation of 4"),
        pytest.param({"std": 4.01, "maximum": 15.0}, "warning", id="normalised twice"),
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
            {"mean": [0.5, 0.5, 0.5], "std": [0.06, 0.05, 0.06]},
            "the input's mean is 0.5, 10 standard deviations from zero in channel 1 over 1000 "
            "images "
            "as the model gets them (allowed: 8 standard deviations)",
        ),
        (
            {"std": 0.01},
            "the input's standard deviation is 0.01 in channel 0 over 1000 images as the model "
            "gets "
            "them (allowed: 0.05 to 4)",
        ),
    ],
)
def test_sentence(moments: dict[str, Any], text: str) -> None:
    assert sentence(InputRange(), images(**moments)) == text


def test_raw_images_that_train_well_are_a_note() -> None:
    assert grade(InputRange(), images(**RAW), "", UNHARMED) == "note"


CENTRED = {"minimum": -124.0, "maximum": 151.0, "mean": 3.0, "std": 64.0}


def remembered(shift: float, times: float) -> dict[Any, Any]:
    """A batch normalisation whose memory lies so many deviations off, at so many times the
    variance."""
    ones, zeros = np.ones(8), np.zeros(8)
    state = NormalisationState(
        running_mean=ones * shift,
        running_variance=ones * times,
        gain=ones,
        shift=zeros,
        epsilon=1e-5,
        kept=0.9,
        probe_mean=zeros,
        probe_variance=ones,
    )
    return probe("conv", NormalisationState, "", (0, state))


@pytest.mark.parametrize(
    ("moments", "norm", "expected"),
    [
        pytest.param(RAW, {}, "warning", id="raw"),
        pytest.param(CENTRED, {}, "clear", id="less their mean, as some were trained"),
        pytest.param(CENTRED | {"mean": 65.0}, {}, "warning", id="off centre"),
        pytest.param(RAW, remembered(0.5, 3), "clear", id="scaled inside: as remembered"),
        pytest.param(RAW, remembered(1.5, 3), "warning", id="not the mean that is remembered"),
        pytest.param(RAW, remembered(0.5, 11), "warning", id="nor the variance"),
        pytest.param({}, {}, "clear", id="0 to 1"),
    ],
)
def test_weights_of_an_earlier_training_expect_what_they_were_trained_on(
    moments: dict[str, Any], norm: dict[Any, Any], expected: str
) -> None:
    kept = {"channels": 3, "images": 1000, "minimum": 0.0, "maximum": 1.0, "mean": 0.5, "std": 0.25}
    history = inline("", MapSummary, "input", (1, maps(**(kept | moments)))) | norm
    watched = subject(conv(), history=history, facts={"loaded_weights": True})
    assert grade(InputRange(), watched, "", UNHARMED) == expected


def test_raw_images_into_loaded_weights_in_words() -> None:
    watched = images(**RAW)
    loaded = dataclasses.replace(watched, facts={**watched.facts, "loaded_weights": True})
    assert sentence(InputRange(), loaded) == (
        "input values go from 0 to 255 into weights that were trained before over 1000 images as "
        "the model gets them (allowed: centred, or scaled, as they were then)"
    )


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
