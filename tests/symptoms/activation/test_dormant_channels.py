"""S02: finds channels that hardly answer, and neither dead ones nor the neighbours of a giant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.activation.dormant_channels import DormantChannels
from symptoms.build import (
    UNHARMED,
    broken,
    conv,
    finding,
    grade,
    head,
    maps,
    probe,
    sentence,
    subject,
)

CHANNELS = 20


def look(dormant: int, *, weak: float = 0.001, silent: Sequence[int] = (), **changes: Any) -> Any:
    """Maps whose last `dormant` channels have this mean and spread; those of the others are 1."""
    size = np.ones(CHANNELS)
    size[CHANNELS - dormant :] = weak
    return maps(channels=CHANNELS, mean=size, std=size, silent=silent, **changes)


def watched(*dormant: int, weak: float = 0.001, **changes: Any) -> Subject:
    looks = [(500 * n, look(d, weak=weak)) for n, d in enumerate(dormant)]
    layer = conv(channels=CHANNELS, **changes)
    part = "pre" if layer.activation == "linear" else "post"
    return subject(layer, history=probe("conv", MapSummary, part, *looks))


@pytest.mark.parametrize(
    ("dormant", "normalised", "expected"),
    [
        pytest.param(7, False, "clear", id="35%"),
        pytest.param(8, False, "warning", id="40%"),
        pytest.param(15, False, "warning", id="75%"),
        pytest.param(1, True, "clear", id="5% behind a norm"),
        pytest.param(3, True, "warning", id="15% behind a norm"),
        pytest.param(10, True, "error", id="half behind a norm"),
    ],
)
def test_both_sides_of_each_share(dormant: int, normalised: bool, expected: str) -> None:
    seen = watched(0, dormant, normalised=normalised)
    assert grade(DormantChannels(), seen) == expected


@pytest.mark.parametrize(("weak", "expected"), [(0.01, "warning"), (0.03, "clear")])
def test_both_sides_of_the_strength(weak: float, expected: str) -> None:
    assert grade(DormantChannels(), watched(0, 8, weak=weak)) == expected


def test_a_share_that_did_not_grow_counts_once_it_is_too_large_at_the_start() -> None:
    assert grade(DormantChannels(), watched(8, 8)) == "warning"
    # 15% at the start is within its limit; 35% is under it at the end.
    assert grade(DormantChannels(), watched(3, 7)) == "clear"


def test_one_giant_makes_no_dwarfs() -> None:
    size = np.ones(CHANNELS)
    size[0] = 1e4
    history = probe(
        "conv", MapSummary, "post", (1000, maps(channels=CHANNELS, mean=size, std=size))
    )
    seen = subject(conv(channels=CHANNELS), history=history)
    assert grade(DormantChannels(), seen) == "clear"


def test_silent_channels_are_dead_rather_than_dormant() -> None:
    history = probe("conv", MapSummary, "post", (1000, look(0, silent=range(10))))
    seen = subject(conv(channels=CHANNELS), history=history)
    assert grade(DormantChannels(), seen) == "clear"


@pytest.mark.parametrize("activation", ["tanh", "gelu", "silu", "linear", "leaky_relu"])
def test_a_constant_offset_does_not_hide_a_channel_that_never_moves(activation: str) -> None:
    spread = np.ones(CHANNELS)
    spread[10:] = 1e-4
    part = "pre" if activation == "linear" else "post"
    history = probe("conv", MapSummary, part, (1000, maps(channels=CHANNELS, mean=0.5, std=spread)))
    seen = subject(conv(channels=CHANNELS, activation=activation), history=history)
    assert grade(DormantChannels(), seen) == "warning"


def test_a_residual_branch_that_began_at_zero_is_compared_with_its_first_sign_of_life() -> None:
    looks = [
        (0, maps(channels=CHANNELS, silent=range(CHANNELS))),
        (10, look(0)),
        (1000, look(2)),
    ]
    layer = conv(channels=CHANNELS, residual=True, normalised=True)
    seen = subject(layer, history=probe("conv", MapSummary, "post", *looks))
    assert grade(DormantChannels(), seen) in ("clear", "warning")
    only_zeros = subject(layer, history=probe("conv", MapSummary, "post", looks[0]))
    assert grade(DormantChannels(), only_zeros) == "clear"


def test_layers_it_does_not_apply_to() -> None:
    depthwise = watched(0, 12, groups=CHANNELS)
    assert grade(DormantChannels(), depthwise) == "silent"
    final = head(units=CHANNELS)
    history = probe("head", MapSummary, "pre", (1000, look(12)))
    assert grade(DormantChannels(), subject(final, history=history), "head") == "silent"


def test_nothing_is_said_of_maps_that_are_not_finite_or_were_not_seen() -> None:
    history = probe("conv", MapSummary, "post", (1000, broken()))
    assert grade(DormantChannels(), subject(conv(), history=history)) == "undecided"
    assert grade(DormantChannels(), subject(conv())) == "undecided"


def test_without_harm_it_is_a_note() -> None:
    assert grade(DormantChannels(), watched(0, 12), outcome=UNHARMED) == "note"


def test_sentence_and_channels() -> None:
    seen = watched(0, 8)
    assert sentence(DormantChannels(), seen) == (
        "8 of 20 channels answer to 320 images with less than 2.5% of their layer's mean strength "
        "(median 0.00167), 0 at the first look (allowed: 40% of channels)"
    )
    assert finding(DormantChannels(), seen).place.channels == tuple(range(12, 20))
