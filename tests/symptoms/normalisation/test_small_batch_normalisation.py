"""S36: statistics over few values, and seen to be noisy."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import ModeGap
from snellen.symptoms.normalisation.small_batch_normalisation import SmallBatchNormalisation
from symptoms.build import UNHARMED, conv, grade, sentence, subject
from symptoms.geometric import seen
from symptoms.normalisation.test_normalisation_mode_mismatch import state


def watched(
    batch: int | None = 2,
    side: int = 2,
    *,
    off: float = 0.5,
    lost: int | None = None,
    **changes: Any,
) -> Subject:
    history: dict[Any, Any] = seen("conv", state(mean=off))
    if lost is not None:
        history |= seen("", ModeGap(200, batch or 4, 1.0, 1.0, 190, 190 - lost))
    layer = conv(normalised=True, positions=(side, side), **changes)
    return subject(layer, history=history, facts={"batch_size": batch})


@pytest.mark.parametrize(
    ("batch", "side", "off", "expected"),
    [
        pytest.param(2, 3, 0.5, "warning", id="18 values"),
        pytest.param(2, 4, 0.5, "clear", id="32 values"),
        pytest.param(7, 1, 0.5, "warning", id="7 images"),
        pytest.param(8, 1, 0.5, "clear", id="8 images"),
        pytest.param(2, 16, 0.5, "clear", id="large maps make up for it"),
        pytest.param(2, 2, 0.3, "clear", id="noise that does not show"),
        pytest.param(None, 2, 0.5, "undecided", id="batch not known"),
    ],
)
def test_both_sides_of_each_limit(batch: int | None, side: int, off: float, expected: str) -> None:
    place = "conv" if expected == "warning" else ""
    assert grade(SmallBatchNormalisation(), watched(batch, side, off=off), place) == expected


@pytest.mark.parametrize(("lost", "expected"), [(10, "clear"), (12, "warning")])
def test_answers_may_show_the_noise_instead(lost: int, expected: str) -> None:
    place = "conv" if expected == "warning" else ""
    found = watched(off=0.0, lost=lost)
    assert grade(SmallBatchNormalisation(), found, place) == expected


def test_the_experiment_may_tell_the_batch() -> None:
    assert grade(SmallBatchNormalisation(), watched(None, lost=0), "conv") == "warning"


def test_sentence() -> None:
    assert sentence(SmallBatchNormalisation(), watched(lost=20)) == (
        "a batch of 2 images gives 8 values per channel, so its variance varies by 50% by chance "
        "(allowed: 30%); running statistics are 0.5 off the probe's; with a batch's own statistics "
        "10% fewer images are answered rightly"
    )


@pytest.mark.parametrize(("lost", "expected"), [(None, "note"), (20, "note"), (22, "warning")])
def test_answers_that_training_loses_are_the_harm_itself(lost: int | None, expected: str) -> None:
    assert grade(SmallBatchNormalisation(), watched(lost=lost), "conv", UNHARMED) == expected


def test_frozen_and_other_normalisations_do_not_apply() -> None:
    assert grade(SmallBatchNormalisation(), watched(trainable=False), "") == "clear"
    assert grade(SmallBatchNormalisation(), subject(conv(normalised=True)), "") == "silent"
