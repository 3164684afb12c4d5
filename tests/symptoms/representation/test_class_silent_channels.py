"""S15: finds a missed class that channels don't answer to; specialised channels are fine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.core import Finding
from snellen.record import Subject
from snellen.stats import ClassResponse, MapSummary, Predictions
from snellen.symptoms.representation.class_silent_channels import ClassSilentChannels
from symptoms.build import (
    UNHARMED,
    answers,
    conv,
    finding,
    head,
    maps,
    probe,
    sentence,
    subject,
    verdicts_of,
)
from symptoms.richer import response

CHANNELS = 40
CLASSES = 4


def means(silent: int, *, weak: float = 0.0, others: int = 0) -> np.ndarray:
    """Answers of 1, but `weak` in the first `silent` channels for class 3, and zero in as many as
    `others` of each other class."""
    m = np.ones((CLASSES, CHANNELS))
    m[3, :silent] = weak
    for k in range(3):
        m[k, 20 + 3 * k : 20 + 3 * k + others] = 0.0
    return m


def watched(
    m: np.ndarray,
    *,
    found: int = 0,
    images: int = 32,
    active: int | None = None,
    signed: bool = False,
    **changes: Any,
) -> Subject:
    """Class 3 is answered rightly in `found` of 32 images, the others always."""
    layer = conv("conv", channels=CHANNELS, **changes)
    seen = response(m, images=images, signed=signed)
    history = probe("conv", ClassResponse, "post", (1000, seen))
    told = answers([32] * 4, [32, 32, 32, found], [32] * 4)
    history |= probe("", Predictions, "", (1000, told))
    if active is not None:
        awake = maps(channels=CHANNELS, images=4 * images)
        awake.active_images[:] = active
        history |= probe("conv", MapSummary, "post", (1000, awake))
    return subject(layer, head(inputs=("conv",)), history=history)


def severity(seen: Subject) -> str:
    found = verdicts_of(ClassSilentChannels(), seen, UNHARMED).get("conv")
    if found is None:
        return "silent"
    return str(found.severity) if isinstance(found, Finding) else type(found).__name__


@pytest.mark.parametrize(
    ("silent", "found", "expected"),
    [
        pytest.param(20, 0, "warning", id="half of the channels, never found"),
        pytest.param(10, 0, "warning", id="a quarter"),
        pytest.param(9, 0, "Clear", id="under a quarter"),
        pytest.param(20, 16, "Clear", id="found half as often"),
        pytest.param(20, 9, "warning", id="found less than half as often"),
        pytest.param(20, 32, "Clear", id="silence alone is no fault"),
    ],
)
def test_both_sides_of_each_limit(silent: int, found: int, expected: str) -> None:
    assert severity(watched(means(silent), found=found)) == expected


@pytest.mark.parametrize(("weak", "expected"), [(0.009, "warning"), (0.011, "Clear")])
def test_silence_is_relative_to_the_strongest_class(weak: float, expected: str) -> None:
    assert severity(watched(means(20, weak=weak))) == expected


def test_channels_that_all_specialise_are_silent_for_most_classes() -> None:
    m = np.zeros((CLASSES, CHANNELS))
    m[np.arange(CHANNELS) % CLASSES, np.arange(CHANNELS)] = 1.0
    assert severity(watched(m)) == "Clear"


@pytest.mark.parametrize(("others", "expected"), [(5, "warning"), (7, "Clear")])
def test_the_other_classes_are_the_control(others: int, expected: str) -> None:
    assert severity(watched(means(12, others=others))) == expected


@pytest.mark.parametrize(("active", "expected"), [(100, "warning"), (2, "Clear")])
def test_rarely_active_channels_are_silent_for_some_class_by_chance(
    active: int, expected: str
) -> None:
    assert severity(watched(means(12), active=active)) == expected


def test_means_of_signed_activations_cancel_but_magnitudes_do_not() -> None:
    assert severity(watched(means(20), signed=True, activation="gelu")) == "Clear"


@pytest.mark.parametrize(("images", "expected"), [(9, "silent"), (10, "warning")])
def test_classes_of_few_images_are_left_out(images: int, expected: str) -> None:
    assert severity(watched(means(20), images=images)) == expected


def test_dead_and_broken_layers_are_not_judged() -> None:
    assert severity(watched(np.zeros((CLASSES, CHANNELS)))) == "silent"
    assert severity(watched(np.full((CLASSES, CHANNELS), np.nan))) == "silent"
    unknown = subject(conv(), head(inputs=("conv",)))
    assert severity(unknown) == "silent"


def test_sentence_and_channels() -> None:
    seen = watched(means(20), active=100)
    assert sentence(ClassSilentChannels(), seen) == (
        "20 of 40 channels answer to class 3 with less than 1% of their strongest class (32 "
        "images; classes that are found: 0% of channels), and 0% of it is found, of others 100%"
    )
    assert finding(ClassSilentChannels(), seen).place.channels == tuple(range(20))
