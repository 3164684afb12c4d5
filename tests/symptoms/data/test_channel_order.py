"""S39: axes and colour channels in another order than the model reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import ChannelSwap, ImageAudit
from snellen.symptoms.data.channel_order import ChannelOrder
from symptoms.build import UNHARMED, conv, grade, head, probe, sentence, subject
from symptoms.data_builders import audited, image_audit, swap

SMOOTH = np.array([0.4, 0.4, np.nan])


def shaped(shape: list[int] | None, roughness: Any = SMOOTH, **facts: Any) -> Subject:
    seen = audited(ImageAudit, image_audit(roughness=np.array(roughness)))
    return subject(conv(), history=seen, facts={"image_shape": shape} | facts)


def swapped(*, pretrained: bool = True, **counts: int) -> Subject:
    history = probe("", ChannelSwap, "", (1000, swap(**counts)))
    return subject(conv(), history=history, facts={"loaded_weights": pretrained})


@pytest.mark.parametrize(
    ("shape", "roughness", "expected"),
    [
        pytest.param([28, 28, 1], SMOOTH, "warning", id="channels last, read as first"),
        pytest.param([32, 32, 3], [0.4, 0.4, 0.2], "warning", id="colours last, read as first"),
        pytest.param([32, 3, 32], [0.4, 0.2, 0.4], "warning", id="colours first, read as last"),
        pytest.param([48, 64, 3], [0.4, 0.4, 0.2], "warning", id="not square"),
        pytest.param([32, 32, 3], [1.0, 0.4, 0.2], "warning", id="2.5 times as rough across"),
        pytest.param([32, 32, 3], [1.01, 0.4, 0.2], "clear", id="rougher across"),
        pytest.param([3, 32, 32], [0.2, 0.4, 0.4], "clear", id="as it should be"),
        pytest.param([28, 27, 1], SMOOTH, "clear", id="one column of another length: a signal"),
        pytest.param([64, 1, 1000], [0.1, np.nan, 0.4], "clear", id="electrodes over time"),
        pytest.param([4, 32, 1], SMOOTH, "clear", id="four channels"),
        pytest.param([32, 32, 2], [0.4, 0.4, 0.2], "clear", id="two of anything"),
        pytest.param([7, 7, 1], SMOOTH, "clear", id="too small to tell"),
        pytest.param([32, 32, 3], [np.nan] * 3, "clear", id="roughness unknown"),
        pytest.param([32, 32], [0.4, 0.4], "clear", id="no image"),
        pytest.param(None, SMOOTH, "undecided", id="shape unknown"),
    ],
)
def test_axes(shape: list[int] | None, roughness: Any, expected: str) -> None:
    assert grade(ChannelOrder(), shaped(shape, roughness), "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({"gained": 30, "lost": 2}, "warning", id="clearly better swapped"),
        pytest.param({"gained": 7, "lost": 0}, "warning", id="2.3% more"),
        pytest.param({"gained": 6, "lost": 0}, "clear", id="2% more"),
        pytest.param({"gained": 40, "lost": 30}, "clear", id="within the scatter"),
        pytest.param({"gained": 2, "lost": 90}, "clear", id="worse swapped: colours matter"),
        pytest.param({"gained": 0, "lost": 0}, "clear", id="colours don't matter"),
    ],
)
def test_colours_of_a_pretrained_model(counts: dict[str, int], expected: str) -> None:
    assert grade(ChannelOrder(), swapped(**counts), "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("pretrained", "left_out", "expected"),
    [
        pytest.param(True, {"channel-swap": "time"}, "undecided", id="not asked"),
        pytest.param(True, {"sharpness": "time"}, "clear", id="nothing to ask: grey images"),
        pytest.param(False, {"channel-swap": "time"}, "clear", id="no order is expected"),
    ],
)
def test_without_an_answer(pretrained: bool, left_out: dict[str, str], expected: str) -> None:
    seen = shaped([3, 64, 64], loaded_weights=pretrained, not_measured=left_out)
    assert grade(ChannelOrder(), seen, "", UNHARMED) == expected


def test_a_model_trained_from_scratch_needs_stronger_evidence() -> None:
    assert grade(ChannelOrder(), swapped(pretrained=False, gained=12, lost=3), "") == "clear"
    assert grade(ChannelOrder(), swapped(pretrained=False, gained=30, lost=2), "") == "warning"


def test_sentences() -> None:
    assert sentence(ChannelOrder(), shaped([28, 28, 1])) == (
        "images come as channels × height × width = 28 × 28 × 1; neighbouring channels differ by "
        "0.4 standard deviations, neighbouring positions by 0.4 (allowed: channels at least 2.5 "
        "times that)"
    )
    assert sentence(ChannelOrder(), swapped(gained=30, lost=3)) == (
        "with the first and third input channels swapped 59% of 300 images are answered rightly, "
        "as they come 50% (allowed: 2% more)"
    )


def test_without_convolutions() -> None:
    assert grade(ChannelOrder(), subject(head()), "") == "silent"
