"""A run as it stood at a step: what came later is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from snellen.record import Clock, LossSeries, RunContents, until
from snellen.stats import MapSummary, WeightUpdate
from symptoms.build import conv, inline, maps, moment, probe, subject, update

SEEN = subject(
    conv(),
    facts={"optimizer": "Adam"},
    moments=[moment(step) for step in (0, 100, 1000)],
    train=[3.0, 2.0, 1.0],
    history=probe("conv", MapSummary, "post", *[(s, maps()) for s in (0, 100, 1000)])
    | inline("conv", WeightUpdate, "", (999, update())),
)


def test_what_came_later_is_left_out() -> None:
    losses = LossSeries(np.array([0, 99, 100, 999]), np.array([3.0, 2.0, 1.5, 1.0]))
    run = RunContents({}, (replace(SEEN, losses={"train": losses}),), ())
    (then,) = until(run, 100).subjects
    assert then.steps == 100
    assert [m.step for m in then.moments] == [0, 100]
    assert [e.step for e in then.history("conv", MapSummary, "post")] == [0, 100]
    assert then.history("conv", WeightUpdate, "", Clock.INLINE) == ()
    # The loss of step 100 is that of the update after a hundred of them.
    assert list(then.losses["train"].values) == [3.0, 2.0]
    assert then.facts["optimizer"] == "Adam"


def test_at_its_end_or_after_it_a_run_is_itself() -> None:
    run = RunContents({}, (SEEN,), ())
    assert until(run, SEEN.steps) == run
    assert until(run, 10**6).subjects == run.subjects
