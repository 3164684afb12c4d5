"""The file grows with the logarithm of the run, and what matters stays."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from record.samples import moment, weights
from snellen.record import Clock, RunWriter, read, thumbnails
from snellen.record.losses import GrowingLosses
from snellen.record.retention import (
    LOSSES_LIMIT,
    LOSSES_PER_DOUBLING,
    NEWEST,
    NEWEST_LOSSES,
    PER_DOUBLING,
    keep,
    keep_losses,
)
from snellen.stats import WeightState

gaps = st.lists(st.integers(1, 400), min_size=1, max_size=400)


def limit(steps: int) -> float:
    return NEWEST + 1 + PER_DOUBLING * (1 + math.log2(max(steps, 1)))


@settings(deadline=None)
@given(gaps)
def test_thinning_after_every_capture_is_thinning_once(between: list[int]) -> None:
    taken = [0, *np.cumsum(between).tolist()]
    kept: set[int] = set()
    for step in taken:
        kept = keep(kept | {step})

    assert kept == keep(taken)


@given(gaps)
def test_the_start_and_the_newest_stay_and_few_between(between: list[int]) -> None:
    taken = [0, *np.cumsum(between).tolist()]
    kept = keep(taken)

    assert {0, *taken[-NEWEST:]} <= kept <= set(taken)
    assert len(kept) <= limit(taken[-1])
    # No hole: between a kept step and the next lies at most a quarter of the way gone by, or what
    # was never captured.
    ordered = sorted(kept)
    widest = max(between)
    for before, after in itertools.pairwise(ordered):
        assert after - before <= before / 4 + widest


@pytest.mark.parametrize(
    ("steps", "kept"), [(17, 17), (41, 41), (65_536, 161), (1_000_000, 191)], ids=str
)
def test_what_the_documentation_says(steps: int, kept: int) -> None:
    assert len(keep(range(steps))) <= kept <= limit(steps) + 1
    if steps < 20:
        assert keep(range(steps)) == set(range(steps))


@pytest.mark.parametrize("steps", [[], [0], [5], [1_000_000]])
def test_few_steps_all_stay(steps: list[int]) -> None:
    assert keep(steps) == set(steps)


def test_a_run_is_thinned_clock_by_clock(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        other = writer.add_subject("Other", "torch", {})
        for step in range(0, 600, 2):
            for clock, at in ((Clock.PROBE, step), (Clock.INLINE, step + 1)):
                writer.add_moment(subject, moment(at, clock))
                writer.add_statistic(subject, at, clock, "c", "", weights(at))
            writer.add_moment(other, moment(step))
            writer.add_thumbnail(subject, "c", step, 0, 0, 0.0, 1.0, b"png")
            writer.thin(subject)
            if step % 50 == 0:
                writer.flush()

    net, untouched = read(tmp_path / "x").subjects
    for clock, taken in ((Clock.PROBE, range(0, 600, 2)), (Clock.INLINE, range(1, 600, 2))):
        expected = sorted(keep(taken))
        assert len(expected) < 100
        assert [x.step for x in net.moments if x.clock is clock] == expected
        assert [x.step for x in net.history("c", WeightState, clock=clock)] == expected
    assert len(untouched.moments) == 300
    pictures = [x.step for x in thumbnails(tmp_path / "x", "Net", "c")]
    assert {0, 592, 594, 596, 598} <= set(pictures)
    assert len(pictures) <= 4 + 1 + 2 * (1 + math.log2(600))


def test_the_newest_value_of_a_statistic_stays_however_old(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for step in range(300):
            writer.add_moment(subject, moment(step))
            writer.add_statistic(subject, step, Clock.PROBE, "c", "", weights(step))
            if step < 104:
                writer.add_statistic(subject, step, Clock.PROBE, "gone", "", weights(step))
            writer.thin(subject)

    assert 103 not in keep(range(300))
    (net,) = read(tmp_path / "x").subjects
    last = net.last("gone", WeightState)
    assert last is not None
    assert last.step == 103
    assert 103 in [x.step for x in net.moments]
    assert 102 not in [x.step for x in net.moments]


def test_the_file_stops_growing(tmp_path: Path) -> None:
    def size(captures: int) -> int:
        path = tmp_path / f"{captures}"
        with RunWriter.create(path, {}) as writer:
            subject = writer.add_subject("Net", "torch", {})
            for step in range(captures):
                writer.add_moment(subject, moment(step))
                writer.add_statistic(subject, step, Clock.PROBE, "c", "", weights(step, 300))
                writer.thin(subject)
                if step % 20 == 0:
                    writer.flush()
        return path.stat().st_size

    small, large = size(200), size(1200)

    assert len(keep(range(1200))) / len(keep(range(200))) < 1.5
    assert large < 1.6 * small


# Losses.


def test_a_short_series_stays_whole() -> None:
    losses = GrowingLosses()
    losses.add((i, float(i)) for i in range(LOSSES_LIMIT))
    losses.take()

    assert len(losses) == LOSSES_LIMIT


def test_a_long_series_keeps_its_newest_points_and_a_curve_of_the_rest() -> None:
    steps = np.arange(1_000_000)
    values = 1.0 / (steps + 1)
    values[70_001] = np.nan
    values[80_001] = np.inf

    kept = np.flatnonzero(keep_losses(steps, values))

    assert kept[:256].tolist() == list(range(256))
    assert set(range(990_000, 1_000_000)) <= set(kept.tolist())
    assert 70_001 in kept
    assert len(kept) <= NEWEST_LOSSES + 2 + LOSSES_PER_DOUBLING * 21
    assert len(kept) < LOSSES_LIMIT + 1


def test_a_series_in_the_file_is_thinned_as_it_grows(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for start in range(0, 60_000, 1500):
            points = [(i, i / 7) for i in range(start, start + 1500)]
            writer.add_losses(subject, "train", points)
            writer.add_losses(subject, "eval", [(start, 0.5)])
            writer.flush()

    losses = read(tmp_path / "x").subjects[0].losses
    steps, values = losses["train"].steps, losses["train"].values
    assert len(steps) <= LOSSES_LIMIT + 1500
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(values, steps / 7)
    assert steps[-NEWEST_LOSSES:].tolist() == list(range(50_000, 60_000))
    assert losses["eval"].steps.tolist() == list(range(0, 60_000, 1500))
