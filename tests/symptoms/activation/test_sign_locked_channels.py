"""S52: finds rectified layers that never switch."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import LayerKind
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.activation.sign_locked_channels import SignLockedChannels
from symptoms.build import UNHARMED, broken, conv, finding, grade, maps, probe, sentence, subject
from symptoms.richer import signed_maps


def watched(low: Any, high: Any, *, images: int = 320, **changes: Any) -> Subject:
    looks = [(s, signed_maps(low, high, channels=20, images=images)) for s in (0, 500, 1000)]
    layer = conv(**({"channels": 20} | changes))
    return subject(layer, history=probe("conv", MapSummary, "post", *looks))


def switching(count: int) -> list[float]:
    """Lowest values of 20 channels of which this many reach zero."""
    return [0.0] * count + [0.5] * (20 - count)


@pytest.mark.parametrize(
    ("low", "expected"),
    [
        pytest.param(switching(0), "warning", id="all"),
        pytest.param(switching(1), "warning", id="95%"),
        pytest.param(switching(2), "clear", id="90%"),
        pytest.param(switching(20), "clear", id="none"),
    ],
)
def test_only_a_whole_layer_counts(low: list[float], expected: str) -> None:
    assert grade(SignLockedChannels(), watched(low, 3.0)) == expected


@pytest.mark.parametrize(
    ("activation", "low", "high", "expected"),
    [
        ("relu6", 0.5, 5.9, "warning"),
        ("relu6", 0.5, 6.0, "clear"),
        ("leaky_relu", 0.5, 3.0, "warning"),
        ("leaky_relu", -3.0, -0.5, "warning"),
        ("leaky_relu", -3.0, 3.0, "clear"),
        ("gelu", 0.5, 3.0, "silent"),
        ("silu", 0.5, 3.0, "silent"),
        ("sigmoid", 0.5, 0.6, "silent"),
        ("linear", 0.5, 3.0, "silent"),
    ],
)
def test_activations(activation: str, low: float, high: float, expected: str) -> None:
    assert grade(SignLockedChannels(), watched(low, high, activation=activation)) == expected


def test_dead_channels_are_left_out_of_the_count() -> None:
    seen = [(1000, maps(channels=8, silent=range(5), minimum=0.5, maximum=2.0))]
    layer = subject(conv(), history=probe("conv", MapSummary, "post", *seen))
    assert grade(SignLockedChannels(), layer) == "warning"
    dead = subject(
        conv(), history=probe("conv", MapSummary, "post", (1000, maps(silent=range(8), above=0.0)))
    )
    assert grade(SignLockedChannels(), dead) == "clear"


def test_an_activation_without_weights_of_its_own_may_follow_another() -> None:
    after_a_sum = watched(0.5, 3.0, kind=LayerKind.ACTIVATION, weight_shape=())
    assert grade(SignLockedChannels(), after_a_sum) == "silent"


@pytest.mark.parametrize(("images", "expected"), [(99, "undecided"), (100, "warning")])
def test_few_images_may_all_lie_on_one_side(images: int, expected: str) -> None:
    assert grade(SignLockedChannels(), watched(0.5, 3.0, images=images)) == expected


def test_an_unknown_activation_is_not_guessed_and_broken_maps_are_not_judged() -> None:
    assert grade(SignLockedChannels(), watched(0.5, 3.0, activation=None)) == "undecided"
    assert grade(SignLockedChannels(), subject(conv())) == "undecided"
    history = probe("conv", MapSummary, "post", (1000, broken()))
    assert grade(SignLockedChannels(), subject(conv(), history=history)) == "clear"


def test_without_harm_it_is_a_note() -> None:
    assert grade(SignLockedChannels(), watched(0.5, 3.0), outcome=UNHARMED) == "note"


def test_sentence_and_onset() -> None:
    looks = [(0, signed_maps(0.0, 3.0)), (500, signed_maps(0.1, 3.0)), (1000, signed_maps(1, 3.0))]
    seen = subject(conv(), history=probe("conv", MapSummary, "post", *looks))
    assert finding(SignLockedChannels(), seen).step == 500
    assert sentence(SignLockedChannels(), seen) == (
        "8 of 8 living channels were above zero at every position of all 320 images: the rectifier "
        "never switches, so the layer is linear (allowed: 95% of channels)"
    )
