"""Where the phases of a training begin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.symptoms.phases import Phase, Timeline, timeline
from symptoms.build import given, labels, subject


@pytest.mark.parametrize(
    ("step", "phase"),
    [
        (0, Phase.INIT),
        (1, Phase.WARM_UP),
        (99, Phase.WARM_UP),
        (100, Phase.EARLY),
        (199, Phase.EARLY),
        (200, Phase.LATE),
    ],
)
def test_the_phase_of_a_step(step: int, phase: Phase) -> None:
    assert Timeline(100, 200).phase(step) is phase


@pytest.mark.parametrize(
    ("facts", "warm_up_end", "early_end"),
    [
        pytest.param({}, 100, 200, id="an epoch of 100 steps, a fifth of 1000"),
        pytest.param({"steps_per_epoch": 250}, 250, 250, id="an epoch, when longer"),
        pytest.param({"steps_per_epoch": 10}, 100, 200, id="at least 100 steps"),
        pytest.param(
            {"steps": 40, "steps_per_epoch": 4}, 14, 14, id="a third of a short but whole training"
        ),
        pytest.param(
            {"steps": 40, "epochs": 2, "steps_per_epoch": 20}, 100, 100, id="two epochs are few"
        ),
        pytest.param({"planned_steps": 5000}, 100, 1000, id="a fifth of what was planned"),
        pytest.param(
            {"steps": 0, "epochs": None, "steps_per_epoch": None}, 100, 100, id="nothing done"
        ),
        pytest.param({"steps_per_epoch": "many", "epochs": True}, 100, 200, id="odd facts"),
    ],
)
def test_where_phases_begin(facts: dict[str, Any], warm_up_end: int, early_end: int) -> None:
    assert timeline(subject(facts=facts)) == Timeline(warm_up_end, early_end)


def test_a_loss_half_the_prior_down_ends_the_early_phase() -> None:
    falling = np.linspace(2.3, 0.3, 1000)
    watched = subject(
        facts={"steps": 10_000}, train=falling.tolist(), history=given(labels(*[100] * 10))
    )
    # ln 10 / 2 = 1.15 lies a little past the middle of the fall; a fifth of the steps comes first.
    assert timeline(watched).early_end == 2000
    quick = np.concatenate([np.linspace(2.3, 0.3, 100), np.full(900, 0.3)])
    watched = subject(
        facts={"steps": 10_000}, train=quick.tolist(), history=given(labels(*[100] * 10))
    )
    assert 500 < timeline(watched).early_end < 700
