from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.architecture.unfit_normalisation import UnfitNormalisation
from snellen.record import Subject
from snellen.stats import MapSummary, ModeGap, NormalisationState, WeightState, WeightUpdate
from symptoms.build import conv, head, inline, maps, probe, subject, update, weights

SET_UP = "set-up-unfit-for-batch-statistics"


def state(
    *, kept: float = 0.9, running: float = 1.0, probed: float = 1.0, mean: float = 0.0
) -> dict[Any, Any]:
    ones = np.ones(8)
    value = NormalisationState(
        running_mean=ones * mean,
        running_variance=ones * running,
        gain=ones,
        shift=ones * 0,
        epsilon=1e-5,
        kept=kept,
        probe_mean=ones * 0,
        probe_variance=ones * probed,
    )
    return probe("conv", NormalisationState, "", (1000, value))


def net(*histories: dict[Any, Any], side: int = 2, **facts: Any) -> Subject:
    own = subject(conv(normalised=True, positions=(side, side)), head(), facts=facts)
    return plus(own, *(histories or (state(),)))


def gap(running: int, batch: int) -> dict[Any, Any]:
    value = ModeGap(320, 32, 0.1, 0.1, running, batch)
    return probe("", ModeGap, "", (1000, value))


@pytest.mark.parametrize(
    ("batch", "side", "unfit"), [(7, 1, True), (8, 1, False), (6, 2, True), (7, 2, False)]
)
def test_values_per_channel(batch: int, side: int, unfit: bool) -> None:
    about = case(net(side=side, batch_size=batch))
    assert present(UnfitNormalisation, SET_UP, about) is unfit


@pytest.mark.parametrize(("size", "outrun"), [(0.029, False), (0.031, True)])
def test_weights_that_running_statistics_do_not_follow(size: float, outrun: bool) -> None:
    moved = inline("conv", WeightUpdate, "", (800, update(size=size)))
    key = "weights-outrun-the-statistics"
    assert present(UnfitNormalisation, key, case(net(state(), moved))) is outrun
    without = plus(subject(conv(), head()), moved)
    assert present(UnfitNormalisation, key, case(without)) is None


@pytest.mark.parametrize(("steps", "unfit"), [(229, True), (230, False)])
def test_what_is_left_of_the_start(steps: int, unfit: bool) -> None:
    # 0.99 to the 229th is 0.1001.
    about = case(net(state(kept=0.99), steps=steps, batch_size=32))
    assert present(UnfitNormalisation, SET_UP, about) is unfit


@pytest.mark.parametrize(("astray", "unfit"), [(50, False), (51, True)])
def test_modes_of_training(astray: int, unfit: bool) -> None:
    known = {"training_passes": 100, "training_passes_in_eval_mode": astray}
    assert present(UnfitNormalisation, SET_UP, case(net(**known))) is unfit


@pytest.mark.parametrize(("mistaken", "unfit"), [(5, False), (6, True)])
def test_modes_of_evaluation(mistaken: int, unfit: bool) -> None:
    known = {
        "training_passes": 100,
        "training_passes_in_eval_mode": 0,
        "evaluation_passes": 10,
        "evaluation_passes_in_training_mode": mistaken,
    }
    assert present(UnfitNormalisation, SET_UP, case(net(**known))) is unfit


@pytest.mark.parametrize(("running", "worse"), [(288, False), (280, True)])
def test_the_two_ways_to_answer(running: int, worse: bool) -> None:
    about = case(net(state(), gap(running, 320)))
    assert present(UnfitNormalisation, "evaluation-answers-worse-than-training", about) is worse


@pytest.mark.parametrize("code", ["S35", "S36"])
def test_what_symptoms_said(code: str) -> None:
    key = "normalisation-was-reported"
    assert present(UnfitNormalisation, key, case(net(), found(code))) is True
    assert present(UnfitNormalisation, key, case(net(), clean=[code])) is False
    assert present(UnfitNormalisation, key, case(net())) is None


@pytest.mark.parametrize(("mean", "off"), [(0.4, False), (0.6, True)])
def test_running_statistics(mean: float, off: bool) -> None:
    about = case(net(state(mean=mean)))
    assert present(UnfitNormalisation, "running-statistics-are-off", about) is off


@pytest.mark.parametrize(("variance", "below"), [(9e-6, True), (2e-5, False)])
def test_variance_beside_epsilon(variance: float, below: bool) -> None:
    about = case(net(state(running=variance, probed=variance)))
    assert present(UnfitNormalisation, "variances-below-epsilon", about) is below


def test_a_network_without_batch_statistics() -> None:
    key = "no-batch-statistics-anywhere"
    assert present(UnfitNormalisation, key, case(subject(conv(), head()))) is True
    assert present(UnfitNormalisation, key, case(net())) is False


def test_belief() -> None:
    slow = net(state(kept=0.99, mean=3.0), gap(100, 310), steps=40, batch_size=32)
    fine = net(state(), gap(310, 310), batch_size=32)
    fast = net(state(mean=0.1), gap(100, 310), batch_size=32)
    assert belief(UnfitNormalisation, case(slow, found("S35"))) > 0.9
    assert belief(UnfitNormalisation, case(fine, clean=["S35", "S36"])) < 0.05
    # Weights that move faster than statistics follow: nothing in the set-up is to blame.
    assert belief(UnfitNormalisation, case(fast, found("S35"))) < 0.7


def test_remedies() -> None:
    slow = net(state(kept=0.99), steps=40, batch_size=2)
    grouped, faster, larger, modes = remedies(UnfitNormalisation, case(slow))
    assert "1 batch normalisation" in grouped.title
    assert "nn.GroupNorm(groups, n)" in grouped.code
    assert "instead of 99%" in faster.title
    assert "instead of 2" in larger.title
    assert "conv" in modes.title
    grouped, faster, larger = remedies(UnfitNormalisation, case(slow, keras=True))
    assert grouped.code.startswith("x = layers.GroupNormalization(groups=8)")
    assert "momentum=0.63" in faster.code


def test_a_fit_network_still_gets_one() -> None:
    remedies(UnfitNormalisation, case(subject()))
    remedies(UnfitNormalisation, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(UnfitNormalisation)
    empty = replace(net(), facts={})
    assert present(UnfitNormalisation, SET_UP, case(empty)) is not None


AWAY = "images-are-normalised-away"


def first_maps(spread: float, *, step: int = 0, norm: float = 1.0) -> Subject:
    """Images that vary by 0.25, and the first layer's maps before training."""
    return net(
        state(),
        probe("", MapSummary, "input", (0, maps(channels=1, mean=0.5, std=0.25))),
        probe("conv", MapSummary, "pre", (step, maps(mean=0.1, std=spread))),
        probe("conv", WeightState, "", (0, weights(initial_norm=np.full(8, norm)))),
    )


@pytest.mark.parametrize(
    ("spread", "expected"), [(0.2, False), (0.26e-3, False), (0.24e-3, True), (0.0, True)]
)
def test_first_maps_that_show_nothing_of_the_images(spread: float, expected: bool) -> None:
    assert present(UnfitNormalisation, AWAY, case(first_maps(spread))) is expected


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(first_maps(0.0, step=10), id="not seen before training"),
        pytest.param(first_maps(0.0, norm=0.0), id="weights of zero show nothing either"),
        pytest.param(net(), id="nothing seen"),
    ],
)
def test_what_stands_before_the_first_layer_is_not_always_known(own: Subject) -> None:
    assert present(UnfitNormalisation, AWAY, case(own)) is None
