"""The clock for what is done after the training."""

from __future__ import annotations

from snellen.capture.budget import OwnTime


def test_time_that_others_took_does_not_count() -> None:
    now = {"wall": 5.0, "own": 1.0}
    clock = OwnTime(lambda: now["wall"], lambda: now["own"])
    start = clock()
    now["wall"] += 6.0
    now["own"] += 2.0
    assert clock() - start == 2.0
    # Two threads at work: no more than what passed on the wall.
    now["wall"] += 1.0
    now["own"] += 2.0
    assert clock() - start == 3.0


def test_waiting_alone_counts_a_quarter() -> None:
    now = {"wall": 5.0, "own": 1.0}
    clock = OwnTime(lambda: now["wall"], lambda: now["own"])
    start = clock()
    now["wall"] += 8.0
    assert clock() - start == 2.0
