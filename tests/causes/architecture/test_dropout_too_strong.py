from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causes.cases import ask, belief, case, nothing_seen, plus, present, remedies
from snellen.causes.architecture.dropout_too_strong import DropoutTooStrong
from snellen.record import HELD_OUT, Subject
from snellen.stats import ImageAnswers, MapSummary, Predictions
from symptoms.build import answers, conv, given, head, labels, maps, probe, subject
from symptoms.richer import image_answers
from symptoms.wired import CROSS_ENTROPY

TRUTH = np.tile(np.arange(10), 32)


def net(*, end: float = 1.5, evaluation: float = 0.5, right: int = 300, **rates: float) -> Subject:
    """A training whose loss ends at `end`, and which answers `right` of 320 images in
    evaluation."""
    told = replace(answers([32] * 10, [30] * 10, [32] * 10), loss=evaluation)
    chosen = np.where(np.arange(320) < right, TRUTH, (TRUTH + 1) % 10)
    return plus(
        subject(
            conv("features.0"),
            head(),
            train=[2.3] * 10 + [end] * 50,
            facts=CROSS_ENTROPY | ({"dropout": rates} if rates else {}),
        ),
        given(labels(*[100] * 10)),
        probe("", Predictions, "", (1000, told)),
        probe("", ImageAnswers, "", (1000, image_answers(TRUTH, chosen))),
    )


@pytest.mark.parametrize(("rate", "strong"), [(0.6, False), (0.7, True)])
def test_rates(rate: float, strong: bool) -> None:
    about = case(net(drop=rate))
    assert present(DropoutTooStrong, "rate-beyond-the-usual", about) is strong


def test_dropout_that_is_not_seen_is_half_believed_absent() -> None:
    seen = ask(DropoutTooStrong, "rate-beyond-the-usual", case(net()))
    assert seen.present is False
    assert seen.reliability < 1


@pytest.mark.parametrize(("rate", "little"), [(0.5, False), (0.6, True)])
def test_what_gets_through_two(rate: float, little: bool) -> None:
    about = case(net(a=rate, b=rate))
    assert present(DropoutTooStrong, "little-gets-through", about) is little


@pytest.mark.parametrize(("evaluation", "harder"), [(0.9, True), (1.1, False)])
def test_the_loss_with_and_without(evaluation: float, harder: bool) -> None:
    about = case(net(end=1.5, evaluation=evaluation))
    assert present(DropoutTooStrong, "training-is-harder-than-evaluation", about) is harder


@pytest.mark.parametrize(("right", "better"), [(300, True), (100, False)])
def test_answers_beside_the_loss(right: int, better: bool) -> None:
    about = case(net(right=right))
    assert present(DropoutTooStrong, "answers-better-than-the-loss-says", about) is better


@pytest.mark.parametrize(("end", "high"), [(1.5, True), (0.3, False)])
def test_loss(end: float, high: bool) -> None:
    assert present(DropoutTooStrong, "loss-stays-high", case(net(end=end))) is high


@pytest.mark.parametrize(("unseen", "by_heart"), [(300, False), (200, True)])
def test_learning_by_heart_speaks_against_it(unseen: int, by_heart: bool) -> None:
    chosen = np.where(np.arange(320) < unseen, TRUTH, (TRUTH + 1) % 10)
    own = plus(net(), probe("", ImageAnswers, HELD_OUT, (1000, image_answers(TRUTH, chosen))))
    key = "training-images-known-by-heart"
    assert present(DropoutTooStrong, key, case(own)) is by_heart


@pytest.mark.parametrize(("silent", "dead"), [(3, False), (4, True)])
def test_dead_channels_speak_against_it(silent: int, dead: bool) -> None:
    seen: dict[Any, Any] = probe(
        "features.0", MapSummary, "post", (1000, maps(silent=range(silent)))
    )
    assert present(DropoutTooStrong, "channels-are-dead", case(plus(net(), seen))) is dead


def test_belief() -> None:
    strong = net(a=0.9, b=0.9)
    usual = net(a=0.25, b=0.5, end=0.3, evaluation=0.15)
    without = net(end=2.0, evaluation=2.0, right=60)
    assert belief(DropoutTooStrong, case(strong)) > 0.9
    assert belief(DropoutTooStrong, case(usual)) < 0.05
    assert belief(DropoutTooStrong, case(without)) < 0.05


def test_remedies() -> None:
    own = replace(net(), facts={"dropout": {"features.3": 0.9, "drop": 0.8, "weak": 0.1}})
    (only,) = remedies(DropoutTooStrong, case(own))
    assert "from 0.9 to 0.1" in only.title
    assert only.code.splitlines() == ["model.features[3].p = 0.1", "model.drop.p = 0.1"]
    (only,) = remedies(DropoutTooStrong, case(own, keras=True))
    assert only.code.splitlines()[1] == "x = layers.Dropout(0.1)(x)  # instead of drop"
    remedies(DropoutTooStrong, case(subject()))


def test_without_anything_seen_only_the_lack_of_dropout_is_known() -> None:
    assert nothing_seen(DropoutTooStrong) <= {"rate-beyond-the-usual"}
