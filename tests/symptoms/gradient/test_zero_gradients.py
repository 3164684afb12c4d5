"""S59: layers that no gradient reaches, and the good reasons there may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import MapSummary, WeightState
from snellen.symptoms.gradient.zero_gradients import ZeroGradients
from symptoms.build import (
    HARMED,
    UNHARMED,
    conv,
    grade,
    head,
    maps,
    probe,
    sentence,
    stack,
    subject,
    weights,
)
from symptoms.wired import steps

NOT_SHOWN = float("nan")


def cut(
    gradient: float = 0.0,
    *,
    count: int = 3,
    change: float = 0.0,
    moved: float = 0.0,
    facts: dict[str, Any] | None = None,
    history: dict[Any, Any] | None = None,
    **changes: Any,
) -> Subject:
    """Three layers of which the first gets this gradient."""
    second = stack(2)[1]
    return subject(
        conv("conv0", **changes),
        second,
        head(),
        facts=facts,
        history=steps("conv0", gradient, count=count, change=change)
        | steps("conv1", 1e-3, count=count)
        | steps("head", 1e-2, count=count)
        | probe("conv0", WeightState, "", (1000, weights(moved=moved)))
        | (history or {}),
    )


@pytest.mark.parametrize(
    ("gradient", "count", "expected"),
    [(0.0, 3, "warning"), (0.0, 2, "undecided"), (1e-30, 3, "clear"), (np.inf, 3, "clear")],
)
def test_exactly_zero_at_every_step(gradient: float, count: int, expected: str) -> None:
    watched = cut(gradient, count=count)
    assert grade(ZeroGradients(), watched, "" if expected != "warning" else "conv0") == expected


def test_a_gradient_that_never_came() -> None:
    assert grade(ZeroGradients(), cut(NOT_SHOWN), "conv0") == "warning"
    assert sentence(ZeroGradients(), cut(NOT_SHOWN)) == (
        "the gradient of 1 of 3 layers (conv0) never arrived at all 3 steps seen (allowed: no "
        "such layer)"
    )


def test_a_gradient_that_was_not_shown_but_moved_the_weights() -> None:
    assert grade(ZeroGradients(), cut(NOT_SHOWN, change=1e-3), "") == "clear"
    assert grade(ZeroGradients(), cut(NOT_SHOWN, moved=0.1), "") == "clear"


def test_most_layers_are_an_error_in_a_harmed_training() -> None:
    both = cut(0.0, history=steps("conv1", 0.0))
    assert grade(ZeroGradients(), both, "", HARMED) == "error"
    assert grade(ZeroGradients(), both, "", UNHARMED) == "note"


def test_the_first_step_alone_says_nothing() -> None:
    """Branches whose last scale begins at zero get their gradient after it."""
    first = steps("conv0", 0.0, first=0)
    (key,) = first
    history = {key: [*first[key][:1], *steps("conv0", 1e-3)[key]]}
    assert grade(ZeroGradients(), cut(0.0, history=history), "") == "clear"


def test_frozen_layers_are_left_out() -> None:
    assert grade(ZeroGradients(), cut(0.0, trainable=False), "") == "clear"


def test_a_loaded_backbone_that_runs_without_gradients() -> None:
    assert grade(ZeroGradients(), cut(NOT_SHOWN, facts={"loaded_weights": True}), "") == "clear"


def test_a_loss_that_reached_zero_had_gradients_before() -> None:
    later = cut(0.0, history=_falling())
    assert grade(ZeroGradients(), later, "") == "clear"


def _falling() -> dict[Any, Any]:
    early, late = steps("conv0", 1e-3, count=1), steps("conv0", 0.0, first=2)
    (key,) = early
    return {key: [*early[key], *late[key]]}


def test_dead_channels_explain_it() -> None:
    dead = probe("conv1", MapSummary, "post", (1000, maps(silent=range(8))))
    watched = cut(0.0, history=dead)
    assert grade(ZeroGradients(), watched, "conv0", HARMED) == "note"
    assert sentence(ZeroGradients(), watched).endswith(
        "; every channel of conv1 is dead, so nothing gets past it"
    )


def test_a_dead_layer_leaves_the_one_that_reads_it_without_gradient_too() -> None:
    dead = probe("conv", MapSummary, "post", (1000, maps(silent=range(8))))
    none = steps("conv", 0.0) | steps("head", 0.0)
    watched = subject(conv(), head(inputs=("conv",)), history=none | dead)
    assert grade(ZeroGradients(), watched, "", HARMED) == "note"
    elsewhere = subject(conv(), head(inputs=("other",)), history=none | dead)
    assert grade(ZeroGradients(), elsewhere, "", HARMED) == "error"


def test_a_softmax_over_one_unit_explains_it() -> None:
    loss = {"name": "binary_cross_entropy", "expects": "probabilities", "fed": "softmax"}
    watched = subject(
        conv(),
        head(units=1),
        facts={"loss": loss},
        history=steps("conv", 0.0) | steps("head", 0.0),
    )
    assert grade(ZeroGradients(), watched, "", HARMED) == "note"
    assert "softmax over one unit" in sentence(ZeroGradients(), watched)


def test_weights_of_zero_explain_it() -> None:
    zero = weights(moved=0.0, growth=0.0, initial_norm=np.zeros(8))
    watched = cut(0.0, history=probe("conv0", WeightState, "", (1000, zero)))
    assert sentence(ZeroGradients(), watched).endswith(
        "; the weights of conv0 began at zero and stayed there"
    )


def test_images_of_zeros_explain_it() -> None:
    blank = probe("", MapSummary, "input", (0, maps(channels=3, mean=0.0, std=0.0)))
    assert sentence(ZeroGradients(), cut(0.0, history=blank)).endswith(
        "; the images are zero everywhere"
    )


def test_nothing_seen() -> None:
    assert grade(ZeroGradients(), subject(conv(), head()), "") == "silent"
    unseen = subject(conv(), head(), history=steps("conv", NOT_SHOWN) | steps("head", NOT_SHOWN))
    assert grade(ZeroGradients(), unseen, "") == "undecided"


@pytest.mark.parametrize(("moved", "expected"), [(0.0, "error"), (0.1, "undecided")])
def test_outputs_wrapped_in_a_new_tensor_leave_no_gradient_anywhere(
    moved: float, expected: str
) -> None:
    """Where no gradient was shown, only weights that stood still tell that none came."""
    still = weights(moved=moved)
    watched = subject(
        conv(),
        head(),
        history=steps("conv", NOT_SHOWN, change=0.0)
        | steps("head", NOT_SHOWN, change=0.0)
        | probe("conv", WeightState, "", (1000, still))
        | probe("head", WeightState, "", (1000, still)),
    )
    assert grade(ZeroGradients(), watched, "", HARMED) == expected


MORE = steps("conv1", 0.0) | probe("conv1", WeightState, "", (1000, weights(moved=0.0)))
"""Two layers of three get no gradient."""


@pytest.mark.parametrize(
    ("facts", "history", "place", "expected"),
    [
        ({"unheld": []}, MORE, "", "error"),
        # One layer of three: what it does the others do without it.
        ({"unheld": []}, {}, "conv0", "note"),
        # Nobody was to train it, or nobody knows.
        ({"unheld": ["conv1"]}, MORE, "", "note"),
        (None, MORE, "", "note"),
        ({"unheld": [], "loaded_weights": True}, MORE, "", "clear"),
    ],
)
def test_most_of_a_network_cut_off_is_a_fault_though_the_rest_learnt(
    facts: dict[str, Any] | None, history: dict[Any, Any], place: str, expected: str
) -> None:
    assert grade(ZeroGradients(), cut(facts=facts, history=history), place, UNHARMED) == expected
