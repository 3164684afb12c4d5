"""S01: counts channels that no image wakes, says since when, and is not fooled by look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from snellen.core import Layer, LayerKind, Place, Undecided
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.activation.dead_channels import DeadChannels, Onset, Silence
from symptoms.build import (
    UNHARMED,
    broken,
    conv,
    finding,
    given,
    grade,
    head,
    labels,
    maps,
    probe,
    sentence,
    subject,
    verdicts_of,
)


def layer_with(
    checks: Sequence[tuple[int, int | MapSummary]], *, images: int = 320, **changes: Any
) -> Subject:
    """A layer of 20 channels with, at each step, so many silent ones (the first of them)."""
    layer = conv(channels=20, weight_shape=(20, 3, 3, 3), **changes)
    entries = [
        (s, n if isinstance(n, MapSummary) else maps(channels=20, images=images, silent=range(n)))
        for s, n in checks
    ]
    return subject(layer, history=probe("conv", MapSummary, "post", *entries))


def at_the_end(silent: int, **changes: Any) -> Subject:
    """As many silent channels at all checks, the one before the first step included."""
    return layer_with([(0, silent), (500, silent), (1000, silent)], **changes)


def test_names_the_dead_channels_and_the_step_they_died_at() -> None:
    found = finding(DeadChannels(), layer_with([(0, 0), (4, 3), (8, 19), (1000, 19)]))

    assert found.place == Place("Net", "conv", tuple(range(19)))
    assert found.step == 8
    assert found.evidence == Silence(
        channels=19,
        of=20,
        images=320,
        all_images=False,
        since=8,
        onset=Onset("sudden", channels=16, after=4, step=8),
        allowed=0.40,
        idle_weights=19 * 27,
    )


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        pytest.param(
            [(0, 0), (8, 19), (1000, 19)],
            "from step 8 on, all at once between steps 0 and 8",
            id="sudden",
        ),
        pytest.param(
            [(0, 0), (8, 15), (1000, 19)],
            "from step 1000 on, 15 of them at once between steps 0 and 8",
            id="mostly sudden",
        ),
        pytest.param(
            [(0, 0), (11, 19)],
            "from step 11 on, all at some point between steps 0 and 11",
            id="looks too far apart to say",
        ),
        pytest.param([(0, 12), (1000, 12)], "from before the first step on", id="born dead"),
        pytest.param(
            [(0, 10), (1000, 12)],
            "from step 1000 on, 10 of them from before the first step on",
            id="mostly born dead",
        ),
        pytest.param(
            [(500, 12), (1000, 12)],
            "from step 500 on, all at the first look already",
            id="first look late",
        ),
        pytest.param(
            [(0, 0), (10, 2), (20, 4), (30, 6), (40, 8)],
            "from step 40 on, one after another from step 10 on",
            id="gradual",
        ),
    ],
)
def test_sentence(checks: list[tuple[int, int]], text: str) -> None:
    channels = checks[-1][1]
    assert sentence(DeadChannels(), layer_with(checks)) == (
        f"{channels} of 20 channels were zero on all 320 probe images {text} (allowed: 40%; each "
        f"wakes on < 0.94% of images, 95% confidence; {27 * channels} weights do nothing)"
    )


def test_the_whole_training_set_needs_no_bound() -> None:
    watched = layer_with([(0, 0), (8, 19), (40, 19)], images=100)
    watched.facts["probe"] = {"whole_training_set": True}  # type: ignore[index]
    assert sentence(DeadChannels(), watched) == (
        "19 of 20 channels were zero on all 100 training images from step 8 on, all at once "
        "between steps 0 and 8 (allowed: 40%; 513 weights do nothing)"
    )


@pytest.mark.parametrize(
    ("silent", "changes", "expected"),
    [
        pytest.param(7, {}, "clear", id="7 of 20 without normalisation is allowed"),
        pytest.param(8, {}, "warning", id="8 of 20, exactly 40%, is not"),
        pytest.param(15, {}, "warning", id="15 of 20 is a warning"),
        pytest.param(16, {}, "error", id="16 of 20, exactly 80%, is an error"),
        pytest.param(1, {"normalised": True}, "clear", id="1 of 20 behind a normalisation"),
        pytest.param(2, {"normalised": True}, "warning", id="2 of 20 behind a normalisation"),
        pytest.param(9, {"normalised": True}, "warning", id="9 of 20 behind a normalisation"),
        pytest.param(10, {"normalised": True}, "error", id="10 of 20 behind a normalisation"),
        pytest.param(0, {}, "clear", id="none"),
        pytest.param(20, {}, "error", id="all"),
    ],
)
def test_both_sides_of_each_limit(silent: int, changes: dict[str, Any], expected: str) -> None:
    assert grade(DeadChannels(), at_the_end(silent, **changes)) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param(3, 5, "clear", id="10 points more than before training"),
        pytest.param(3, 6, "warning", id="15 points more"),
        pytest.param(6, 6, "clear", id="as many as before training"),
        pytest.param(7, 2, "clear", id="revived"),
    ],
)
def test_growth_since_before_the_first_step(first: int, last: int, expected: str) -> None:
    watched = layer_with([(0, first), (500, last), (1000, last)])
    assert grade(DeadChannels(), watched) == expected


@pytest.mark.parametrize(
    ("silent", "expected"),
    [pytest.param(11, "warning", id="9 alive"), pytest.param(12, "error", id="8 alive")],
)
def test_before_the_head_as_many_as_classes_less_one_must_live(silent: int, expected: str) -> None:
    layer = conv(channels=20, weight_shape=(20, 3, 3, 3))
    checks = [(s, maps(channels=20, silent=range(silent))) for s in (0, 500, 1000)]
    history = probe("conv", MapSummary, "post", *checks) | given(labels(*[100] * 10))
    watched = subject(layer, head(inputs=("conv",)), history=history)
    assert grade(DeadChannels(), watched) == expected


def test_a_narrow_layer_before_the_head_is_not_dead_for_being_narrow() -> None:
    layer = conv(channels=8)
    history = probe("conv", MapSummary, "post", (0, maps()), (1000, maps()))
    watched = subject(
        layer, head(inputs=("conv",), units=100), history=history | given(labels(*[9] * 100))
    )
    assert grade(DeadChannels(), watched) == "clear"


@pytest.mark.parametrize("activation", ["gelu", "silu", "elu", "leaky_relu", "tanh", "linear"])
def test_activations_without_exact_zeros_are_not_judged(activation: str) -> None:
    assert grade(DeadChannels(), at_the_end(20, activation=activation)) == "silent"


def test_half_of_each_map_zero_is_ordinary() -> None:
    sparse = maps(channels=20, above=0.01)
    assert grade(DeadChannels(), layer_with([(0, sparse), (1000, sparse)])) == "clear"


def test_one_waking_image_is_enough_to_live() -> None:
    rare = maps(channels=20)
    rare.active_images[:] = 1
    assert grade(DeadChannels(), layer_with([(0, rare), (1000, rare)])) == "clear"


def test_a_single_check_after_training_is_enough() -> None:
    watched = layer_with([(0, 0), (40, 20)])
    assert finding(DeadChannels(), watched).step == 40
    assert grade(DeadChannels(), watched) == "error"


def test_a_layer_revived_at_the_end_is_alive() -> None:
    assert grade(DeadChannels(), layer_with([(0, 19), (500, 19), (1000, 0)])) == "clear"


def test_a_broken_map_is_not_a_silent_one() -> None:
    nan = broken(channels=20)
    assert grade(DeadChannels(), layer_with([(0, 0), (1000, nan)])) == "undecided"


def test_a_residual_branch_that_begins_at_zero_is_silent_by_design() -> None:
    zero_gain = {"residual": True, "normalised": True}
    assert grade(DeadChannels(), layer_with([(0, 20)], **zero_gain)) == "silent"
    assert grade(DeadChannels(), layer_with([(0, 20), (500, 20), (1000, 20)], **zero_gain)) == (
        "error"
    )


def test_a_depthwise_channel_inherits_silence() -> None:
    before = conv("before", channels=8)
    depthwise = conv("dw", index=1, groups=8, inputs=("before",), weight_shape=(8, 1, 3, 3))
    silent = maps(silent=range(7))
    history = probe("before", MapSummary, "post", (0, silent), (1000, silent))
    history |= probe("dw", MapSummary, "post", (0, silent), (1000, silent))
    watched = subject(before, depthwise, history=history)

    assert grade(DeadChannels(), watched, "before") == "error"
    assert grade(DeadChannels(), watched, "dw") == "clear"


def test_silence_is_inherited_at_the_same_look_alone() -> None:
    before = conv("before", channels=8)
    depthwise = conv("dw", index=1, groups=8, inputs=("before",), weight_shape=(8, 1, 3, 3))
    silent = maps(silent=range(7))
    history = probe("before", MapSummary, "post", (0, silent), (1000, maps()))
    history |= probe("dw", MapSummary, "post", (0, silent), (1000, silent))
    assert grade(DeadChannels(), subject(before, depthwise, history=history), "dw") == "error"


def test_as_many_channels_as_are_needed_may_none_of_them_die() -> None:
    history = probe("conv", MapSummary, "post", (0, maps(channels=9)))
    history |= probe(
        "conv", MapSummary, "post", (0, maps(channels=9)), (9, maps(channels=9, silent=[3]))
    )
    history |= given(labels(*[100] * 10))
    watched = subject(conv(channels=9), head(inputs=("conv",)), history=history)
    assert grade(DeadChannels(), watched) == "error"


def test_growth_needs_a_look_from_before_the_first_step() -> None:
    assert grade(DeadChannels(), layer_with([(1, 3), (1000, 6)])) == "clear"


@pytest.mark.parametrize("changes", [{}, {"groups": 2}])
def test_only_a_depthwise_channel_does(changes: dict[str, Any]) -> None:
    silent = maps(silent=range(7))
    history = probe("before", MapSummary, "post", (0, silent), (1000, silent))
    history |= probe("conv", MapSummary, "post", (0, silent), (1000, silent))
    watched = subject(conv("before"), conv(index=1, inputs=("before",), **changes), history=history)
    assert grade(DeadChannels(), watched) == "error"


def test_a_rectifier_behind_a_sum_of_branches_is_judged_too() -> None:
    block = Layer("block.relu", 3, LayerKind.ACTIVATION, "ReLU", 8, (8, 8), "relu")
    history = probe("block.relu", MapSummary, "post", (0, maps(silent=range(8))))
    assert grade(DeadChannels(), subject(block, history=history), "block.relu") == "error"


def test_the_head_is_left_to_the_wiring() -> None:
    final = head(activation="relu")
    history = probe("head", MapSummary, "post", (1000, maps(channels=10, silent=range(10))))
    assert grade(DeadChannels(), subject(final, history=history), "head") == "silent"


@pytest.mark.parametrize(
    ("images", "silent", "expected"),
    [
        pytest.param(300, 19, "error", id="just enough"),
        pytest.param(299, 19, "undecided", id="one short"),
        pytest.param(20, 0, "clear", id="few images that wake every channel are proof"),
    ],
)
def test_silence_needs_images(images: int, silent: int, expected: str) -> None:
    assert grade(DeadChannels(), at_the_end(silent, images=images)) == expected


def test_says_how_many_images_are_missing() -> None:
    verdict = verdicts_of(DeadChannels(), at_the_end(19, images=299))["conv"]
    assert verdict == Undecided("S01", "dead-channels", Place("Net", "conv"), "1 more image")


def test_without_a_look_nothing_is_decided() -> None:
    assert grade(DeadChannels(), subject(conv())) == "undecided"
    empty = maps(images=0)
    watched = subject(conv(), history=probe("conv", MapSummary, "post", (0, empty)))
    assert grade(DeadChannels(), watched) == "undecided"


def test_a_network_that_works_wastes_capacity_and_no_more() -> None:
    assert grade(DeadChannels(), at_the_end(16), outcome=UNHARMED) == "note"


@hypothesis_given(st.permutations(range(20)), st.integers(8, 20))
def test_the_order_of_channels_does_not_matter(order: list[int], silent: int) -> None:
    plain = finding(DeadChannels(), at_the_end(silent))
    dead = order[:silent]
    shuffled = maps(channels=20, silent=dead)
    found = finding(DeadChannels(), layer_with([(0, shuffled), (500, shuffled), (1000, shuffled)]))

    assert found.evidence == plain.evidence
    assert found.place.channels == tuple(sorted(int(c) for c in np.array(dead)))
