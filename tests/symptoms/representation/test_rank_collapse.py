"""S13: finds layers of too few directions, and leaves neural collapse alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.core.layer import Window, WindowKind
from snellen.record import Subject
from snellen.stats import ChannelStructure, ClassResponse
from snellen.symptoms.representation.rank_collapse import RankCollapse
from symptoms.build import UNHARMED, conv, given, grade, head, labels, probe, sentence, subject
from symptoms.richer import response, structure

CHANNELS = 64


def flat(rank: int, of: int = CHANNELS) -> list[float]:
    """Eigenvalues of `rank` equal directions: their effective rank is `rank`."""
    return [1.0] * rank + [0.0] * (of - rank)


def watched(
    *eigenvalues: Sequence[float],
    classes: int = 10,
    means: Any = None,
    before_head: bool = True,
    step: int = 1000,
    positions: tuple[int, ...] = (),
    paths: tuple[tuple[Window, ...], ...] = (),
) -> Subject:
    """A layer with these spectra at its examined looks, the last one at `step`."""
    steps = [0, step][-len(eigenvalues) :]
    looks = [
        (s, structure(0.5, channels=len(e), eigenvalues=e))
        for s, e in zip(steps, eigenvalues, strict=True)
    ]
    history: dict[Any, Any] = given(labels(*[100] * classes))
    history |= probe("conv", ChannelStructure, "post", *looks)
    if means is not None:
        history |= probe("conv", ClassResponse, "post", (step, response(means, spread=1.0)))
    other = conv("other", index=1, channels=1)
    layers = (conv(channels=len(eigenvalues[-1]), positions=positions), other)
    final = head(units=classes, inputs=("conv" if before_head else "other",), paths=paths)
    return subject(*layers, final, history=history)


@pytest.mark.parametrize(
    ("rank", "classes", "expected"),
    [
        pytest.param(4, 10, "warning", id="4 directions for 10 classes"),
        pytest.param(5, 10, "clear", id="5 directions for 10 classes"),
        pytest.param(1, 2, "warning", id="1 direction for 2 classes"),
        pytest.param(2, 2, "clear", id="2 directions for 2 classes"),
        pytest.param(2, 3, "clear", id="2 directions for 3 classes"),
    ],
)
def test_both_sides_before_the_head(rank: int, classes: int, expected: str) -> None:
    assert grade(RankCollapse(), watched(flat(rank), classes=classes)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(30, 3, "warning", id="under 5% and falling"),
        pytest.param(30, 4, "clear", id="over 5%"),
        pytest.param(6, 3, "clear", id="was low from the start"),
        pytest.param(7, 3, "warning", id="was twice the limit"),
    ],
)
def test_both_sides_of_a_fall_in_any_layer(before: int, after: int, expected: str) -> None:
    seen = watched(flat(before), flat(after), before_head=False)
    assert grade(RankCollapse(), seen) == expected


def test_a_narrow_layer_cannot_fall_under_one_direction() -> None:
    assert grade(RankCollapse(), watched(flat(10, 10), flat(1, 10), before_head=False)) == "clear"


@pytest.mark.parametrize(("apart", "expected"), [(10.0, "clear"), (0.2, "warning")])
def test_neural_collapse_keeps_the_classes(apart: float, expected: str) -> None:
    means = apart * np.eye(10, CHANNELS)
    assert grade(RankCollapse(), watched(flat(3), means=means)) == expected


@pytest.mark.parametrize(
    ("positions", "kind", "expected"),
    [
        pytest.param((8, 8), WindowKind.GLOBAL_POOL, "warning", id="pooled"),
        pytest.param((8, 8), WindowKind.FLATTEN, "clear", id="all positions are read"),
        pytest.param((8, 8), None, "clear", id="not known how"),
        pytest.param((1, 1), WindowKind.FLATTEN, "warning", id="one position"),
    ],
)
def test_a_head_that_reads_all_positions_needs_few_channels(
    positions: tuple[int, ...], kind: WindowKind | None, expected: str
) -> None:
    paths = ((Window(kind),),) if kind else ()
    seen = watched(flat(1), positions=positions, paths=paths)
    assert grade(RankCollapse(), seen) == expected


@pytest.mark.parametrize(
    ("rank", "classes", "expected"), [(2, 10, "warning"), (3, 10, "clear"), (1, 2, "clear")]
)
def test_one_direction_is_not_ten_classes(rank: int, classes: int, expected: str) -> None:
    means = 20.0 * np.eye(classes, CHANNELS)
    assert grade(RankCollapse(), watched(flat(rank), means=means, classes=classes)) == expected


def test_a_branch_of_a_sum_bounds_nothing() -> None:
    low = (1000, structure(0.5, channels=CHANNELS, eigenvalues=flat(1)))
    history = given(labels(*[100] * 10)) | probe("conv", ChannelStructure, "post", low)
    layers = (conv(channels=CHANNELS, positions=()), conv("other", index=1, channels=1))
    seen = subject(*layers, head(inputs=("conv", "other")), history=history)
    assert grade(RankCollapse(), seen) == "clear"


def test_constant_layers_have_no_rank() -> None:
    assert grade(RankCollapse(), watched(flat(0))) == "silent"


def test_warm_up_labels_and_looks() -> None:
    assert grade(RankCollapse(), watched(flat(1), step=50)) == "undecided"
    unlabelled = subject(
        conv(channels=CHANNELS, positions=()),
        head(inputs=("conv",)),
        history=probe("conv", ChannelStructure, "post", (1000, structure(eigenvalues=flat(1)))),
    )
    assert grade(RankCollapse(), unlabelled) == "clear"
    assert grade(RankCollapse(), subject(conv(), head())) == "undecided"


def test_without_harm_it_is_a_note() -> None:
    assert grade(RankCollapse(), watched(flat(1)), outcome=UNHARMED) == "note"


def test_sentence() -> None:
    seen = watched(flat(32), flat(2), means=np.zeros((10, CHANNELS)))
    assert sentence(RankCollapse(), seen) == (
        "64 channels span 2 directions (32 at the first look) over 320 images; 99% of the variance "
        "lies in 3.1% of them (allowed: at least 4.5)"
    )
    informed = watched(flat(2), means=0.5 * np.eye(10, CHANNELS))
    assert "of the variance tells classes apart" in sentence(RankCollapse(), informed)


def test_of_layers_that_fell_the_first_is_named_and_the_others_are_counted() -> None:
    looks = [
        (0, structure(0.5, channels=CHANNELS, eigenvalues=flat(30))),
        (1000, structure(0.5, channels=CHANNELS, eigenvalues=flat(1))),
    ]
    layers = [conv(name, index=n, channels=CHANNELS) for n, name in enumerate("abc")]
    history = {
        key: value
        for name in "bc"
        for key, value in probe(name, ChannelStructure, "post", *looks).items()
    }
    seen = subject(*layers, conv("last", index=3), history=history)
    assert sentence(RankCollapse(), seen).startswith(
        "64 channels span 1 directions (30 at the first look), as in 1 later layer over 320 images"
    )
    assert grade(RankCollapse(), seen, "b") == "warning"
    assert grade(RankCollapse(), seen, "c") == "silent"
