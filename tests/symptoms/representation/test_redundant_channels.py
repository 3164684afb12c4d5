"""S12: finds layers of copies; much repetition alone is normal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import ChannelStructure, ClassResponse
from snellen.symptoms.representation.redundant_channels import RedundantChannels
from symptoms.build import UNHARMED, conv, finding, grade, head, probe, sentence, subject
from symptoms.richer import response, structure

CHANNELS = 20


def repeated(count: int, r: float = 0.96) -> list[float]:
    return [r] * count + [0.5] * (CHANNELS - count)


def watched(*layers: Any, before: Any = None, **changes: Any) -> Subject:
    """Layers in a row whose channels have these correlations with their partners."""
    history: dict[Any, Any] = {}
    for n, r in enumerate(layers):
        looks = [(1000, structure(r))]
        if before is not None:
            looks.insert(0, (0, structure(before)))
        history |= probe(f"conv{n}", ChannelStructure, "post", *looks)
    stack = [conv(f"conv{n}", index=n, channels=CHANNELS, **changes) for n in range(len(layers))]
    return subject(*stack, history=history)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param([repeated(18), repeated(18)], "warning", id="90% in two layers in a row"),
        pytest.param([repeated(17), repeated(18)], "clear", id="85% in the first"),
        pytest.param([repeated(18), repeated(17)], "clear", id="85% in the second"),
        pytest.param([repeated(18)], "clear", id="a lone layer"),
        pytest.param([repeated(20, -0.96)] * 2, "warning", id="of opposite sign"),
        pytest.param([repeated(20, 0.95)] * 2, "clear", id="correlation at the limit"),
        pytest.param([repeated(14)] * 2, "clear", id="70%, as healthy networks have"),
    ],
)
def test_both_sides_of_each_limit(layers: list[Any], expected: str) -> None:
    assert grade(RedundantChannels(), watched(*layers), "conv0") == expected


def test_filters_that_started_equal_stay_equal() -> None:
    born = watched(1.0, before=1.0)
    assert grade(RedundantChannels(), born, "conv0", UNHARMED) == "error"
    assert finding(RedundantChannels(), born).step == 0
    assert sentence(RedundantChannels(), born) == (
        "16 of 16 channels are copies of another one over 20480 positions, and were before the "
        "first step: training can't tell them apart (allowed: 90%)"
    )


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((16, 1, 1, 1), "silent"), ((16, 1, 1), "silent"), ((16, 1, 1, 2), "error")],
)
def test_filters_of_one_weight_can_not_but_repeat(shape: tuple[int, ...], expected: str) -> None:
    born = watched(1.0, before=1.0, weight_shape=shape)
    assert grade(RedundantChannels(), born, "conv0", UNHARMED) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(0.5, 1.0, id="became copies"),
        pytest.param(1.0, 0.999, id="grew apart"),
        pytest.param(None, 1.0, id="no look before training"),
    ],
)
def test_copies_are_a_fault_of_the_start_only_if_they_were_and_still_are(
    before: float | None, after: float
) -> None:
    assert grade(RedundantChannels(), watched(after, before=before), "conv0") == "clear"


def test_neural_collapse_before_the_head_is_no_redundancy() -> None:
    """Two classes, learnt well: all units of two dense layers say the same."""
    flat = watched(0.99, 0.99, before=0.3, positions=())
    assert grade(RedundantChannels(), flat, "conv0") == "clear"


@pytest.mark.parametrize(("apart", "expected"), [(3.0, "clear"), (0.1, "warning")])
def test_channels_that_all_tell_two_classes_apart_are_alike(apart: float, expected: str) -> None:
    history = {
        key: value
        for name in ("conv0", "conv1")
        for key, value in (
            probe(name, ChannelStructure, "post", (1000, structure(repeated(20))))
            | probe(
                name, ClassResponse, "post", (1000, response([[0.0] * 20, [apart] * 20], spread=1))
            )
        ).items()
    }
    layers = [conv(f"conv{n}", index=n, channels=CHANNELS) for n in range(2)]
    seen = subject(*layers, history=history)
    assert grade(RedundantChannels(), seen, "conv0") == expected


def test_dead_channels_are_not_compared() -> None:
    mostly_dead = [np.nan] * 17 + [1.0] * 3
    assert grade(RedundantChannels(), watched(mostly_dead), "conv0") == "silent"
    assert grade(RedundantChannels(), watched([np.nan] * CHANNELS), "conv0") == "silent"
    alive = [np.nan] * 10 + [0.99] * 10
    assert grade(RedundantChannels(), watched(alive, alive), "conv0") == "warning"


@pytest.mark.parametrize(("samples", "expected"), [(199, "undecided"), (200, "error")])
def test_few_positions_correlate_by_chance(samples: int, expected: str) -> None:
    looks = [(s, structure(1.0, samples=samples)) for s in (0, 1000)]
    history = probe("conv0", ChannelStructure, "post", *looks)
    seen = subject(conv("conv0", channels=16), history=history)
    assert grade(RedundantChannels(), seen, "conv0") == expected


def test_heads_narrow_layers_and_unseen_ones() -> None:
    assert grade(RedundantChannels(), subject(head())) == "silent"
    assert grade(RedundantChannels(), subject(conv(channels=3))) == "silent"
    assert grade(RedundantChannels(), subject(conv())) == "undecided"


def test_without_harm_it_is_a_note() -> None:
    seen = watched(repeated(20), repeated(20))
    assert grade(RedundantChannels(), seen, "conv0", UNHARMED) == "note"


def test_sentence() -> None:
    looks = repeated(19)
    looks[0] = 1.0
    history = probe("conv0", ChannelStructure, "post", (1000, structure(looks)))
    history |= probe("conv1", ChannelStructure, "post", (1000, structure(repeated(18))))
    stack = [conv(f"conv{n}", index=n, channels=CHANNELS) for n in range(2)]
    verdicts = RedundantChannels().opinions(subject(*stack, history=history))
    assert next(iter(verdicts)).evidence.sentence() == (  # type: ignore[union-attr]
        "19 of 20 channels have a correlation beyond ±0.95 with another one over 20480 positions, "
        "1 channel an exact one (allowed: 90%, here and in a neighbouring layer)"
    )
