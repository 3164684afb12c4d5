"""How it was measured, from whatever the run file holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from report import runs
from snellen.record import Clock, Moment
from snellen.report.parts.measuring import measuring


def test_captures_are_counted_clock_by_clock() -> None:
    moments = (
        Moment(0, Clock.PROBE, None, 0, 0.5),
        Moment(3, Clock.INLINE, 0, 1, 0.25),
        Moment(9, Clock.PROBE, 0, 2, 0.125),
    )
    found = measuring(replace(runs.subject([]), moments=moments)).captures
    assert [(c.clock, c.kept, c.first, c.last, c.seconds) for c in found] == [
        ("inline", 1, 3, 3, 0.25),
        ("probe", 2, 0, 9, 0.625),
    ]


@pytest.mark.parametrize(
    "facts", [{}, {"probe": None, "not_measured": [], "examining_seconds": "?"}]
)
def test_what_is_not_known_is_left_open(facts: dict[str, Any]) -> None:
    found = measuring(replace(runs.subject([]), facts=facts, moments=()))
    assert (found.captures, found.probe_images, found.whole_training_set) == ((), None, False)
    assert (found.examining_seconds, found.left_out) == (0.0, {})


def test_what_is_known_is_told() -> None:
    facts = {
        "probe": {"images": 100, "whole_training_set": True},
        "not_measured": {"sharpness": "time"},
        "examining_seconds": 1.5,
    }
    found = measuring(replace(runs.subject([]), facts=facts))
    assert (found.probe_images, found.whole_training_set) == (100, True)
    assert (found.examining_seconds, found.left_out) == (1.5, {"sharpness": "time"})
