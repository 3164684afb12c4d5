"""The signal over depth: what is drawn, and what has no place on a logarithmic axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from report import runs
from snellen.record import Clock, Entry
from snellen.report.parts.signal import signal
from snellen.stats import WeightUpdate

LAYERS = [runs.layer(name, place, 2) for place, name in enumerate(("a", "b"))]


def update(gradient: float) -> WeightUpdate:
    return WeightUpdate(2.0, gradient, 0.0, 0.0, 0, 0.0, np.zeros(0))


def gradients(**norms: list[float]) -> Any:
    subject = runs.subject(LAYERS)
    told = {
        (name, "update/", Clock.INLINE): tuple(Entry(i, update(n)) for i, n in enumerate(values))
        for name, values in norms.items()
    }
    return signal(replace(subject, statistics={**subject.statistics, **told}))


def test_the_first_and_the_last_gradient_are_drawn_over_the_weights() -> None:
    found = gradients(a=[4.0, 9.0, 6.0], b=[2.0])
    assert [(r.layer, r.step, r.value) for r in found.gradients] == [
        ("a", 0, 2),
        ("a", 2, 3),
        ("b", 0, 1),
    ]
    assert found.left_out == 0


@pytest.mark.parametrize("norm", [0.0, np.nan, np.inf])
def test_what_can_not_be_drawn_is_counted(norm: float) -> None:
    found = gradients(a=[4.0, norm], b=[2.0])
    assert [r.layer for r in found.gradients] == ["a", "b"]
    assert found.left_out == 1


def test_the_bands_are_those_of_the_symptoms() -> None:
    found = gradients(a=[4.0], b=[2.0])
    assert found.forward is not None
    assert (found.forward.symptom, found.forward.low, found.forward.high) == ("S08", 1e-3, 1e3)
    assert found.backward is not None
    assert (found.backward.symptom, found.backward.low, found.backward.high) == ("S10", 1e-4, None)


def test_without_gradients_there_is_no_band() -> None:
    found = gradients()
    assert (found.gradients, found.backward, found.left_out) == ((), None, 0)
