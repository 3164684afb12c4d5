"""S56: old gradients under new ones, and accumulation that is meant."""

from __future__ import annotations

import pytest

from snellen.symptoms.wiring.gradients_not_zeroed import GradientsNotZeroed
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject


def looped(steps: int | None, kept: int | None):
    return subject(conv(), head(), facts={"gradient_steps": steps, "gradients_kept": kept})


@pytest.mark.parametrize(
    ("steps", "kept", "expected"),
    [
        (1000, 999, "error"),
        (1000, 900, "error"),
        (1000, 899, "warning"),
        (1000, 101, "warning"),
        (1000, 100, "clear"),
        (1000, 0, "clear"),
        (10, 9, "error"),
        (9, 8, "undecided"),
        (None, None, "silent"),
        (1000, None, "silent"),
    ],
)
def test_how_often(steps: int | None, kept: int | None, expected: str) -> None:
    assert grade(GradientsNotZeroed(), looped(steps, kept), "", HARMED) == expected


def test_accumulating_several_batches_for_one_update_leaves_nothing_behind() -> None:
    """Only what an update had already used counts, and accumulation zeroes after it."""
    assert grade(GradientsNotZeroed(), looped(250, 0), "", HARMED) == "clear"


def test_a_training_that_survives_it_gets_a_note() -> None:
    assert grade(GradientsNotZeroed(), looped(1000, 999), "", UNHARMED) == "note"


def test_sentence() -> None:
    assert sentence(GradientsNotZeroed(), looped(1000, 999)) == (
        "999 of 1000 updates began their backward pass with gradients that the update before had "
        "already used (allowed: 10% of them)"
    )
