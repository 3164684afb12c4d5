from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.too_few_steps import TooFewSteps
from snellen.record import Subject
from snellen.stats import ImageAnswers, MapSummary, WeightUpdate
from symptoms.build import conv, given, head, inline, labels, maps, probe, subject, update
from symptoms.richer import image_answers
from symptoms.wired import CROSS_ENTROPY

FALLING = list(np.linspace(2.3, 1.0, 60))
SETTLED = list(np.linspace(2.3, 0.8, 10)) + [0.8] * 50
TRUTH = np.tile(np.arange(10), 32)


def net(train: list[float] = FALLING, *, size: float = 2e-3, **facts: Any) -> Subject:
    known = {"steps": 60, "epochs": 2, "steps_per_epoch": 30} | CROSS_ENTROPY | facts
    return plus(
        subject(conv(), head(), train=train, facts=known),
        given(labels(*[100] * 10)),
        inline("conv", WeightUpdate, "", (30, update(size=size))),
    )


@pytest.mark.parametrize(
    ("train", "falls"),
    [
        (FALLING, True),
        (SETTLED, False),
        ([2.3] * 60, False),
        # Falls as steeply, and has little left to fall.
        (list(np.linspace(0.3, 0.1, 60)), False),
        # Falls, and fell much more in the first half.
        (list(np.linspace(2.3, 1.2, 30)) + list(np.linspace(1.2, 1.0, 30)), False),
    ],
)
def test_a_loss_that_falls_to_the_end(train: list[float], falls: bool) -> None:
    assert present(TooFewSteps, "loss-still-falls", case(net(train))) is falls


def test_noise_is_no_fall() -> None:
    rough = list(2.0 + np.random.default_rng(0).normal(0, 0.3, 60))
    assert present(TooFewSteps, "loss-still-falls", case(net(rough))) is False


def test_a_curve_of_few_steps_is_read_as_it_is() -> None:
    short = net(list(np.linspace(2.3, 1.0, 10)), steps=10, epochs=1, steps_per_epoch=10)
    assert present(TooFewSteps, "loss-still-falls", case(short)) is True
    shorter = net([2.3, 2.0, 1.8], steps=3, epochs=1, steps_per_epoch=3)
    assert present(TooFewSteps, "loss-still-falls", case(shorter)) is None


@pytest.mark.parametrize(
    ("end", "right", "most"), [(1.0, 100, False), (0.2, 100, True), (1.0, 320, True)]
)
def test_what_was_learnt(end: float, right: int, most: bool) -> None:
    chosen = np.where(np.arange(320) < right, TRUTH, (TRUTH + 1) % 10)
    own = plus(
        net([2.3] * 10 + [end] * 50, steps=150, epochs=5),
        probe("", ImageAnswers, "", (150, image_answers(TRUTH, chosen))),
    )
    assert present(TooFewSteps, "most-was-learnt", case(own)) is most


@pytest.mark.parametrize(
    ("steps", "epochs", "end", "ended"),
    [
        (100, 3, 1.5, True),
        (101, 3, 1.5, False),
        (100, 4, 1.5, False),
        (100, 3, 0.3, False),
        (100, 3, 2.3, True),
        (100, 3, 3.0, False),
    ],
)
def test_endings_within_the_first_steps(steps: int, epochs: int, end: float, ended: bool) -> None:
    train = list(np.linspace(2.3, end, 30)) + [end] * 30
    about = case(net(train, steps=steps, epochs=epochs))
    assert present(TooFewSteps, "ended-before-it-could-learn", about) is ended


@pytest.mark.parametrize(
    ("steps", "epochs", "few"),
    [(249, 20, True), (250, 20, False), (1400, 3, True), (1600, 3, False), (1400, 4, False)],
)
def test_steps(steps: int, epochs: int, few: bool) -> None:
    about = case(net(steps=steps, epochs=epochs))
    assert present(TooFewSteps, "few-steps-were-done", about) is few


@pytest.mark.parametrize(("each", "few"), [(4, True), (5, False)])
def test_steps_in_an_epoch(each: int, few: bool) -> None:
    about = case(net(steps_per_epoch=each))
    assert present(TooFewSteps, "few-steps-of-many-epochs", about) is few


@pytest.mark.parametrize(("size", "tiny"), [(1e-4, True), (3e-4, False)])
def test_updates(size: float, tiny: bool) -> None:
    assert present(TooFewSteps, "every-update-is-tiny", case(net(size=size))) is tiny


@pytest.mark.parametrize(("rate", "below"), [(4e-5, True), (1e-4, False)])
def test_rate(rate: float, below: bool) -> None:
    about = case(net(optimizer="Adam", learning_rate=rate))
    assert present(TooFewSteps, "rate-below-the-usual", about) is below


@pytest.mark.parametrize(("highest", "jumped"), [(3.4, False), (3.6, True)])
def test_leaps(highest: float, jumped: bool) -> None:
    about = case(net([2.3] * 5 + [highest] + [2.0] * 54))
    assert present(TooFewSteps, "loss-jumped", about) is jumped


@pytest.mark.parametrize(("silent", "died"), [(2, False), (3, True)])
def test_dead_channels(silent: int, died: bool) -> None:
    own = plus(net(), probe("conv", MapSummary, "post", (60, maps(silent=range(silent)))))
    assert present(TooFewSteps, "channels-died", case(own)) is died


def test_belief() -> None:
    short = net(optimizer="Adam", learning_rate=1e-3)
    slow = net(size=5e-5, optimizer="Adam", learning_rate=1e-5, steps=1000, epochs=10)
    done = net(SETTLED, steps=2000, epochs=20)
    assert belief(TooFewSteps, case(short)) > 0.7
    assert belief(TooFewSteps, case(slow)) < 0.2
    assert belief(TooFewSteps, case(done)) < 0.02


def test_remedies() -> None:
    longer, faster = remedies(TooFewSteps, case(net(optimizer="Adam", learning_rate=1e-3)))
    assert longer.title == "Train for 34 epochs instead of 2"
    assert longer.code == "epochs = 34  # 2 until now"
    assert "max_lr=0.003" in faster.code
    longer, _ = remedies(TooFewSteps, case(net(), keras=True))
    assert "epochs=34" in longer.code
    unknown = net(epochs=None, steps_per_epoch=None)
    longer, _ = remedies(TooFewSteps, case(unknown))
    assert longer.title == "Train for 1020 steps instead of 60"
    remedies(TooFewSteps, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(TooFewSteps)
