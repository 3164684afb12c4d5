"""Curves that are thinned without hiding a peak, and marks where findings began."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from report import runs
from snellen.core import Severity
from snellen.record import Clock, LossSeries, Moment, Subject
from snellen.report.parts.curves import MOST_POINTS, Curve, curves


def subject_of(**losses: tuple[Any, Any]) -> Subject:
    series = {
        name: LossSeries(np.array(steps, np.int64), np.array(values, np.float64))
        for name, (steps, values) in losses.items()
    }
    return replace(runs.subject([runs.layer("conv1", 0, 2)]), losses=series)


def train(values: Any, steps: Any = None) -> Curve:
    steps = range(len(values)) if steps is None else steps
    [curve] = curves(subject_of(train=(steps, values)), []).losses
    return curve


def test_few_values_stay_as_they_are() -> None:
    assert [(p.step, p.mean, p.low, p.high) for p in train([3.0, 2.0]).points] == [
        (0, 3, 3, 3),
        (1, 2, 2, 2),
    ]


def test_many_values_are_averaged_and_keep_their_extremes(rng: np.random.Generator) -> None:
    values = rng.normal(size=10_000)
    values[1234] = 99.0
    points = train(values).points
    assert len(points) <= MOST_POINTS
    # Steps are even, so a block is every `length` steps: sums and extremes by hand.
    starts = [p.step for p in points] + [len(values)]
    for point, start, end in zip(points, starts, starts[1:], strict=False):
        block = values[start:end]
        assert point.mean == pytest.approx(block.mean())
        assert (point.low, point.high) == (block.min(), block.max())
    assert max(p.high for p in points) == 99.0


def test_values_that_are_not_finite_are_left_out_and_told() -> None:
    curve = train([1.0, np.nan, 2.0, np.inf], [5, 6, 7, 8])
    assert [p.step for p in curve.points] == [5, 7]
    assert curve.nonfinite_from == 6
    assert train([1.0]).nonfinite_from is None


def test_losses_stand_apart_from_other_values() -> None:
    found = curves(subject_of(accuracy=([1], [0.5]), val_loss=([1], [2]), train=([0], [1])), [])
    assert [c.name for c in found.losses] == ["train", "val_loss"]
    assert [c.name for c in found.others] == ["accuracy"]


def test_the_objective_stands_in_for_a_training_loss_that_was_not_seen() -> None:
    found = curves(subject_of(objective=([0], [1]), auxiliary=([0], [1])), [])
    assert [c.name for c in found.losses] == ["objective"]
    both = curves(subject_of(objective=([0], [1]), train=([0], [1])), [])
    assert [c.name for c in both.losses] == ["train"]


def test_the_learning_rate_is_told_where_it_changes() -> None:
    rates = [0.1, 0.1, 0.01, 0.01, 0.01]
    moments = tuple(
        Moment(step, Clock.INLINE, None, 0, 0, {"learning_rate": rate})
        for step, rate in enumerate(rates)
    )
    found = curves(
        replace(subject_of(), moments=(*moments, Moment(9, Clock.PROBE, None, 0, 0))), []
    )
    assert found.learning_rate == ((0, 0.1), (2, 0.01), (4, 0.01))


def test_findings_of_one_step_share_a_mark_as_severe_as_the_worst() -> None:
    findings = [
        runs.finding("conv1", "x", code="S22", symptom="b", step=4, severity=Severity.NOTE),
        runs.finding("conv1", "x", code="S01", symptom="a", step=4, severity=Severity.ERROR),
        runs.finding("conv2", "x", code="S01", symptom="a", step=4, severity=Severity.ERROR),
        runs.finding("conv1", "x", code="S05", symptom="c", step=0, severity=Severity.WARNING),
        runs.finding("conv1", "x", code="S06", symptom="d"),
        runs.finding("conv1", "x", code="S07", symptom="e", step=1, subject="Other"),
    ]
    found = curves(subject_of(), findings).marks
    assert [(m.step, m.severity, m.symptoms) for m in found] == [
        (0, Severity.WARNING, (("S05", "c"),)),
        (4, Severity.ERROR, (("S01", "a"), ("S22", "b"))),
    ]
