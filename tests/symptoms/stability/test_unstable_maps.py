"""S18: maps that still churn late in training, at checks that can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import Similarity
from snellen.symptoms.stability.unstable_maps import UnstableMaps
from symptoms.build import (
    UNHARMED,
    conv,
    finding,
    grade,
    head,
    moment,
    probe,
    sentence,
    similarity,
    subject,
)

Pair = tuple[float, float]
GOOD, BAD = (0.99, 0.95), (0.6, 0.6)


def layer_with(*pairs: Pair, gap: int = 100, images: int = 320, **changes: Any) -> Subject:
    """CKA and correlation at checks `gap` steps apart, the last at step 1000."""
    steps = [1000 - gap * i for i in range(len(pairs))][::-1]
    entries = [
        (s, similarity(cka, r, s - gap, images)) for s, (cka, r) in zip(steps, pairs, strict=True)
    ]
    return subject(conv(), history=probe("conv", Similarity, "post", *entries), **changes)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([GOOD, GOOD, GOOD], "clear", id="settled"),
        pytest.param([GOOD, GOOD, BAD], "clear", id="one of three"),
        pytest.param([BAD, GOOD, BAD], "warning", id="two of three"),
        pytest.param([(0.8, 0.7)] * 3, "clear", id="exactly the limits"),
        pytest.param([(0.79, 0.9)] * 3, "warning", id="features change"),
        pytest.param([(0.9, 0.69)] * 3, "warning", id="maps change"),
        pytest.param([(0.5, 0.5)] * 3, "warning", id="half is left"),
        pytest.param([(0.49, 0.6)] * 3, "error", id="less than half is left"),
        pytest.param([BAD, BAD, BAD, GOOD, GOOD, GOOD], "clear", id="it settled"),
        pytest.param([(math.nan, 0.2)] * 3, "error", id="one of the two is enough"),
    ],
)
def test_both_sides_of_each_limit(pairs: Sequence[Pair], expected: str) -> None:
    assert grade(UnstableMaps(), layer_with(*pairs)) == expected


@pytest.mark.parametrize(
    ("pair", "end", "expected"),
    [
        ((0.49, 0.49), 1.2, "error"),
        ((0.49, 0.49), 1.1, "note"),
        # Of healthy networks it is one of the two at most.
        ((0.49, 0.51), 1.2, "note"),
        ((0.51, 0.49), 1.2, "note"),
    ],
)
def test_new_maps_at_every_check_are_harm_itself_where_little_was_learnt(
    pair: Pair, end: float, expected: str
) -> None:
    loss = [2.2, 2.2, 2.2, *[end] * 97]
    watched = layer_with(pair, pair, pair, train=loss)
    assert grade(UnstableMaps(), watched, "conv", UNHARMED) == expected


def test_sentence() -> None:
    found = finding(UnstableMaps(), layer_with(GOOD, BAD, BAD))
    assert found.step == 900
    assert sentence(UnstableMaps(), layer_with(GOOD, BAD, BAD)) == (
        "between checks from step 700 to 1000 the maps of the same 320 images changed in 2 of 3: "
        "similarity (CKA) 0.6 (allowed: at least 0.8), correlation 0.6 (allowed: at least 0.7)"
    )


@pytest.mark.parametrize(
    "watched",
    [
        pytest.param(layer_with(), id="no look"),
        pytest.param(layer_with(BAD), id="one check"),
        pytest.param(
            subject(
                conv(),
                history=probe(
                    "conv",
                    Similarity,
                    "post",
                    *[(s, similarity(0.1, 0.1, s - 50)) for s in (100, 150, 199)],
                ),
            ),
            id="early: every training churns then",
        ),
        pytest.param(
            layer_with(*[(math.nan, math.nan)] * 3), id="dead channels have no similarity"
        ),
        pytest.param(layer_with(BAD, BAD, BAD, gap=151), id="checks further apart than an epoch"),
        pytest.param(layer_with(BAD, BAD, BAD, images=49), id="49 images"),
        pytest.param(
            layer_with(
                BAD,
                BAD,
                BAD,
                moments=[
                    moment(s, learning_rate=0.1 * 2**i) for i, s in enumerate((700, 800, 900, 1000))
                ],
            ),
            id="a learning rate that jumps",
        ),
    ],
)
def test_undecided(watched: Subject) -> None:
    assert grade(UnstableMaps(), watched) == "undecided"


def test_a_rate_that_falls_slowly_is_no_jump() -> None:
    cosine = [moment(s, learning_rate=0.1 - s * 1e-4 / 2) for s in (700, 800, 900, 1000)]
    assert grade(UnstableMaps(), layer_with(BAD, BAD, BAD, moments=cosine)) == "warning"


def test_logits_may_keep_growing() -> None:
    history = probe(
        "head", Similarity, "pre", *[(s, similarity(0.1, 0.1, s - 100)) for s in (900, 1000)]
    )
    assert grade(UnstableMaps(), subject(head(), history=history), "head") == "silent"
