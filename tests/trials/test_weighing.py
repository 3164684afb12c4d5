"""An effect is what an arm gains beyond what another seed gains, on both endpoints."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from snellen.trials.measured import Measured
from snellen.trials.weighing import (
    LEAST_GAIN,
    LEAST_SPREAD,
    Answer,
    Effect,
    effects,
    reference,
    symptoms_gone,
)
from trials.samples import DEAD, measured

NONE: frozenset[str] = frozenset()
WANTED = frozenset({"S01"})


def trials(*skills: float, first: int = 1, dead: float = 0.0) -> dict[int, Measured]:
    findings = {DEAD: dead} if dead else {}
    return {n: measured(skill, findings=findings) for n, skill in enumerate(skills, first)}


def weigh(
    control: dict[int, Measured],
    wanted: frozenset[str] = NONE,
    placebo: dict[int, Measured] | None = None,
    **arms: dict[int, Measured],
) -> dict[str, Effect]:
    return effects(control, placebo or trials(0.02, 0.0, 0.01, first=11), arms, wanted)


def test_an_arm_that_lifts_every_seed_far_rescues() -> None:
    found = weigh(trials(0.0, 0.03, 0.01), cure=trials(0.9, 0.95, 0.92))["cure"]

    assert found.answer is Answer.RESCUES
    assert found.gain == pytest.approx((0.9 + 0.92 + 0.91) / 3)
    assert found.rescued == pytest.approx(1.0, abs=0.02)
    assert found.low < found.gain < found.high


def test_an_arm_that_changes_nothing_leaves_the_fault() -> None:
    found = weigh(
        trials(0.0, 0.03, 0.01), cure=trials(0.9, 0.9, 0.9), other=trials(0.01, 0.02, 0.0)
    )
    assert found["other"].answer is Answer.LEAVES


@pytest.mark.parametrize(
    ("skills", "answer"),
    [
        ((0.9, 0.95, 0.92), Answer.RESCUES),
        pytest.param((0.9, -0.01, 0.9), Answer.UNCLEAR, id="one seed the other way"),
        pytest.param((0.30, 0.32, 0.31), Answer.UNCLEAR, id="a third of the way alone"),
    ],
)
def test_every_seed_must_come_half_of_the_way(skills: tuple[float, ...], answer: Answer) -> None:
    found = weigh(trials(0.0, 0.0, 0.0), best=trials(0.95, 0.95, 0.95), cure=trials(*skills))
    assert found["cure"].answer is answer


def test_a_gain_within_what_seeds_differ_by_is_no_rescue() -> None:
    control, placebo = trials(0.1, 0.6, 0.3), trials(0.5, 0.2, 0.7, first=11)
    found = weigh(control, placebo=placebo, cure=trials(0.5, 0.9, 0.6))["cure"]
    assert found.together
    assert found.answer is not Answer.RESCUES


def test_a_small_gain_is_no_rescue_though_it_be_the_best() -> None:
    below, above = LEAST_GAIN - 0.01, LEAST_GAIN + 0.01
    small = weigh(trials(0.5, 0.5, 0.5), cure=trials(*[0.5 + below] * 3))["cure"]
    enough = weigh(
        trials(0.5, 0.5, 0.5),
        placebo=trials(0.5, 0.5, 0.5, first=11),
        cure=trials(*[0.5 + above] * 3),
    )["cure"]

    assert small.answer is not Answer.RESCUES
    assert enough.answer is Answer.RESCUES


@pytest.mark.parametrize(("left", "answer"), [(0.4, Answer.RESCUES), (0.41, Answer.UNCLEAR)])
def test_half_of_the_symptom_must_go_too(left: float, answer: Answer) -> None:
    control, cure = trials(0.0, 0.0, 0.0, dead=0.8), trials(0.9, 0.9, 0.9, dead=left)
    assert weigh(control, WANTED, cure=cure)["cure"].answer is answer


def test_symptoms_are_weighed_by_how_much_they_concern() -> None:
    control = {1: measured(findings={("S01", "a"): 1.0, ("S01", "b"): 0.5, ("S22", "a"): 1.0})}
    arm = {1: measured(findings={("S01", "b"): 0.9}, looked=[("S01", "a")])}
    # 1.0 of layer a is gone, and all of b's 0.5 is left: more than before is no more than all.
    assert symptoms_gone(control, arm, WANTED) == pytest.approx(1 - 0.5 / 1.5)


def test_what_the_trial_could_not_judge_counts_neither_way() -> None:
    control = {1: measured(findings={("S01", "a"): 1.0})}
    arm = {1: measured(looked=[])}
    assert isnan(symptoms_gone(control, arm, WANTED))


def test_trials_pair_by_their_seed() -> None:
    control = {1: measured(0.1), 2: measured(0.5)}
    found = weigh(control, cure={2: measured(0.9), 7: measured(0.0)})["cure"]
    assert found.seeds == 1
    assert found.gain == pytest.approx(0.4)


def test_progress_that_is_not_known_is_left_out() -> None:
    found = weigh(trials(0.0, nan, 0.0), cure=trials(nan, 0.9, 0.9))["cure"]
    assert found.seeds == 1
    assert found.gain == pytest.approx(0.9)


def test_p_values_are_students_and_corrected_by_holm() -> None:
    control, placebo = trials(0.0, 0.1, 0.2), trials(0.1, 0.0, 0.2, first=11)
    arms = {"a": trials(0.3, 0.4, 0.5), "b": trials(0.2, 0.3, 0.4), "c": trials(0.0, 0.1, 0.2)}
    found = effects(control, placebo, arms, NONE)

    values = np.array([0.0, 0.1, 0.2, 0.1, 0.0, 0.2])
    error = values.std(ddof=1) * np.sqrt(2 / 3)
    raw = [scipy.stats.t.sf(gain / error, 5) for gain in (0.3, 0.2, 0.0)]
    assert found["a"].p == pytest.approx(3 * raw[0])
    assert found["b"].p == pytest.approx(2 * raw[1])
    assert found["c"].p == pytest.approx(raw[2])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.lists(st.floats(0, 1), max_size=4))
def test_reference_lies_above_the_control_and_never_beyond_perfection(
    unchanged: list[float], arm: list[float]
) -> None:
    found = reference([measured(v) for v in unchanged], {"a": [measured(v) for v in arm]})
    assert found.best <= 1.0
    assert found.best >= min(1.0, float(np.mean(unchanged)) + 2 * LEAST_GAIN) - 1e-12
    assert found.spread >= LEAST_SPREAD


@given(st.permutations([1, 2, 3]))
def test_order_of_the_seeds_means_nothing(order: list[int]) -> None:
    control = {1: measured(0.0), 2: measured(0.1), 3: measured(0.05)}
    arm = {1: measured(0.8), 2: measured(0.9), 3: measured(0.7)}
    again = {k: control[k] for k in order}, {k: arm[k] for k in order}
    here, there = weigh(control, cure=arm)["cure"], weigh(again[0], cure=again[1])["cure"]
    assert here.answer is there.answer
    assert (here.gain, here.p, here.low) == pytest.approx((there.gain, there.p, there.low))


def test_held_out_images_decide_where_they_are_asked_for() -> None:
    seen = {1: measured(0.9, unseen=0.1)}
    cure = {1: measured(0.9, unseen=0.8)}
    placebo = {11: measured(0.9, unseen=0.1)}
    by_training = effects(seen, placebo, {"cure": cure}, NONE)["cure"]
    by_unseen = effects(seen, placebo, {"cure": cure}, NONE, unseen=True)["cure"]
    assert by_training.gain == pytest.approx(0.0)
    assert by_unseen.gain == pytest.approx(0.7)
