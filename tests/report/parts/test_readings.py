"""Channels at every look, and which of them show the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from report import runs
from snellen.record import Clock, Entry, Subject
from snellen.report.health import Health
from snellen.report.parts.readings import readings
from snellen.report.parts.spread import spreads
from snellen.stats import ChannelStructure, MapSummary

LAYER = runs.layer("conv1", 0, 3)


def subject_of(*maps: tuple[int, MapSummary], part: str = "post") -> Subject:
    """Looked at at these steps, without knowing what varies."""
    subject = runs.subject([LAYER], part=part)
    key = ("conv1", f"map/{part}", Clock.PROBE)
    told = ("conv1", f"input-dependence/{part}", Clock.PROBE)
    entries = tuple(Entry(step, value) for step, value in maps)
    return replace(subject, statistics={**subject.statistics, key: entries, told: ()})


def test_each_look_has_its_own_health_and_shares() -> None:
    before, after = runs.summary(3), runs.summary(3, silent=[1])
    found = readings(subject_of((0, before), (40, after)), LAYER)
    assert found.steps == (0, 40)
    assert [look.channels[1] for look in found.looks] == [Health.UNKNOWN, Health.DEAD]
    assert found.active.tolist() == [[1, 1, 1], [1, 0, 1]]
    assert np.isnan(found.varying).all()
    assert found.rms.tolist() == [[1, 1, 1], [1, 0, 1]]


def test_only_a_squashing_activation_has_limits() -> None:
    maps = runs.summary(3, saturated=[2])
    assert np.isnan(readings(subject_of((1, maps)), LAYER).beyond).all()
    squashed = replace(LAYER, activation="tanh")
    assert readings(subject_of((1, maps)), squashed).beyond.tolist() == [[0, 0, 1]]
    before = readings(subject_of((1, maps), part="pre"), squashed)
    assert np.isnan(before.beyond).all()


def test_a_layer_that_was_never_looked_at_has_nothing() -> None:
    found = readings(subject_of(), LAYER)
    assert (found.steps, found.active.shape, found.twins) == ((), (0, 3), ())
    assert spreads(found) == ()


@pytest.mark.parametrize(("correlation", "alike"), [(0.949, 0), (0.95, 2), (-0.95, 2)])
def test_twins_are_as_alike_as_the_symptom_wants(correlation: float, alike: int) -> None:
    structure = ChannelStructure(
        samples=100,
        images=10,
        chosen=np.array([0, 2, 1]),
        partner=np.array([2, 0, -1]),
        correlation=np.array([correlation, correlation, np.nan]),
        eigenvalues=np.ones(3),
    )
    subject = subject_of((1, runs.summary(3)))
    key = ("conv1", "channel-structure/post", Clock.PROBE)
    subject = replace(subject, statistics={**subject.statistics, key: (Entry(1, structure),)})
    found = readings(subject, LAYER).twins
    assert [(t.channel, t.other) for t in found] == [(0, 2), (2, 0)][:alike]


def test_the_spread_leaves_out_channels_without_a_finite_value() -> None:
    maps = runs.summary(3)
    squares = maps.squares * np.array([4, 9, 16])
    nonfinite = np.array([0, 0, maps.images * maps.positions])
    found = spreads(
        readings(subject_of((7, replace(maps, squares=squares, nonfinite=nonfinite))), LAYER)
    )
    [one] = found
    assert one.step == 7
    assert one.quantiles == pytest.approx((2, 2.1, 2.5, 2.9, 3))
