"""What watching may cost, and when to look."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.capture.budget import (
    GRACE_SECONDS,
    PAIR_SECONDS,
    PAIR_SHARE,
    Budget,
    Pairs,
    Schedule,
)


@given(st.lists(st.floats(0.001, 3.0), max_size=60), st.floats(0.001, 0.5))
def test_what_is_afforded_never_exceeds_the_budget(costs: list[float], share: float) -> None:
    budget = Budget(share)
    training = 0.0
    for cost in costs:
        training += 1.0
        if budget.affords(cost, training):
            budget.spend(cost)
        assert budget.spent_seconds <= max(GRACE_SECONDS, share * training) + 1e-9


def test_the_limit_itself_is_afforded() -> None:
    budget = Budget(0.02, grace_seconds=0.0)
    assert budget.affords(2.0, 100.0)
    assert not budget.affords(2.001, 100.0)


def test_a_last_look_is_held_back_until_it_is_freed() -> None:
    budget = Budget(0.02, grace_seconds=0.0)
    budget.reserve("a", 1.5)
    assert not budget.affords(1.0, 100.0)
    budget.reserve("a", 0.0)
    assert budget.affords(1.0, 100.0)


def taken(schedule: Schedule, steps: int) -> list[int]:
    found = []
    for step in range(steps):
        if schedule.due(step):
            schedule.taken(step)
            found.append(step)
    return found


def test_first_steps_are_dense_then_log_spaced_and_never_too_far_apart() -> None:
    looks = taken(Schedule(ratio=1.5, dense=3, every=100), 1000)
    assert looks[:6] == [0, 1, 2, 3, 4, 6]
    gaps = [b - a for a, b in pairwise(looks)]
    assert max(gaps) == 100
    assert all(b >= min(round(1.5 * a), a + 100) for a, b in pairwise(looks[3:]))


def test_a_refused_look_stays_due() -> None:
    schedule = Schedule(ratio=2.0, dense=1, every=100)
    schedule.taken(8)
    assert [step for step in range(9, 20) if schedule.due(step)] == [16, 17, 18, 19]


@pytest.mark.parametrize("asked", [True, False])
def test_an_ended_epoch_makes_a_look_due_once(asked: bool) -> None:
    schedule = Schedule(ratio=2.0, dense=1, every=100)
    schedule.taken(8)
    if asked:
        schedule.ask()
    assert schedule.due(9) == asked
    schedule.taken(9)
    assert not schedule.due(10)


def test_pairs_lie_an_epoch_apart_at_every_doubling() -> None:
    due = [epoch for epoch in range(1, 70) if Pairs().due(epoch, 0.01, 1000.0)]
    assert due == [4, 5, 8, 9, 16, 17, 32, 33, 64, 65]


@pytest.mark.parametrize(
    ("epoch", "seconds", "training_seconds", "due"),
    [
        (9, PAIR_SECONDS, 0.0, True),
        (9, PAIR_SECONDS + 0.001, 1000.0, False),
        (16, 0.2, 0.2 / PAIR_SHARE, True),
        (16, 0.2, 0.2 / PAIR_SHARE - 0.001, False),
    ],
)
def test_first_pairs_cost_what_they_cost_and_later_ones_a_share(
    epoch: int, seconds: float, training_seconds: float, due: bool
) -> None:
    assert Pairs().due(epoch, seconds, training_seconds) == due


def test_what_pairs_have_cost_counts_for_later_ones() -> None:
    pairs = Pairs()
    pairs.taken(0.2)
    assert not pairs.due(16, 0.2, 0.2 / PAIR_SHARE)
    assert pairs.due(16, 0.2, 0.4 / PAIR_SHARE + 0.001)
