"""S46: the same answer whatever the image, told from a good answer in a lopsided set."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.core import Place
from snellen.record import Subject
from snellen.stats import Predictions, Targets
from snellen.symptoms.training.trivial_predictor import TrivialPredictor
from symptoms.build import (
    answers,
    conv,
    finding,
    given,
    grade,
    head,
    labels,
    probe,
    sentence,
    subject,
    told,
    values,
    yes_or_no,
)

TEN = labels(*[100] * 10)
CE = {"name": "cross_entropy", "expects": "logits", "reduction": "mean"}
MSE = {"name": "mse", "expects": "values", "reduction": "mean"}


def answering(
    seen: Predictions,
    targets: Targets | None = TEN,
    *,
    step: int = 1000,
    train: float = 2.3,
    loss: dict[str, Any] = CE,
    units: int = 10,
    **facts: Any,
) -> Subject:
    history = told(seen, step) | (given(targets) if targets else {})
    return subject(
        conv(), head(units=units), history=history, facts={"loss": loss} | facts, train=[train] * 50
    )


def ten(first: int, right: int, **changes: Any) -> Predictions:
    """320 images of ten classes: the first class chosen so often, so many images answered
    rightly."""
    rest = (320 - first) // 9
    chosen = [320 - 9 * rest, *[rest] * 9]
    return answers(chosen, [32, *[right // 9] * 9], [32] * 10, **changes)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(ten(320, 0), "warning", id="one class for all"),
        pytest.param(ten(311, 0), "warning", id="for 97%"),
        pytest.param(ten(302, 0), "clear", id="for 94%"),
        pytest.param(answers([32] * 10, [29] * 10, [32] * 10), "clear", id="healthy"),
        pytest.param(
            answers([311, 9], [300, 9], [311, 9]), "clear", id="nearly all images are of one class"
        ),
        pytest.param(
            answers([99, 1], [90, 1], [90, 10]), "warning", id="example 1: one rare image found"
        ),
        pytest.param(answers([50], [50], [50]), "clear", id="one class is all there is"),
    ],
)
def test_the_same_class(seen: Predictions, expected: str) -> None:
    counts = labels(*seen.present.tolist())
    assert grade(TrivialPredictor(), answering(seen, counts), "head") == expected


def test_sentences() -> None:
    seen = answers([100, 0], [90, 0], [90, 10])
    watched = answering(seen, yes_or_no(100, 10), units=1)
    assert finding(TrivialPredictor(), watched).place == Place("Net", "head")
    assert sentence(TrivialPredictor(), watched) == (
        "class 0 was chosen for 100% of 100 probe images, 90% of which are of that class (allowed: "
        "95%); macro recall is 0.50, guessing gives 0.50"
    )
    constant = ten(99, 90, mean=[0.0, 1.0, *[0.5] * 8], std=[0.002] * 10)
    assert sentence(TrivialPredictor(), answering(constant)) == (
        "the outputs vary by a standard deviation of at most 0.002 over 320 probe images, 0.002 of "
        "their range (allowed: at least 0.01); the loss is 2.3, guessing the prior gives 2.3"
    )


@pytest.mark.parametrize(
    ("std", "train", "expected"),
    [
        pytest.param(0.0, 2.3, "warning", id="constant outputs"),
        pytest.param(0.0099, 2.3, "warning", id="hardly vary"),
        pytest.param(0.01, 2.3, "clear", id="a hundredth of their range"),
        pytest.param(0.0, 2.18, "clear", id="yet the loss is below that of guessing"),
        pytest.param(0.0, 2.2, "warning", id="within 5% of that of guessing"),
    ],
)
def test_constant_outputs(std: float, train: float, expected: str) -> None:
    seen = answers([32] * 10, [29] * 10, [32] * 10, mean=[0.0, 1.0, *[0.5] * 8], std=[std] * 10)
    assert grade(TrivialPredictor(), answering(seen, train=train), "head") == expected


@pytest.mark.parametrize(("std", "expected"), [(0.004, "warning"), (0.005, "clear")])
def test_a_single_output_is_compared_with_its_own_size(std: float, expected: str) -> None:
    seen = answers([], [], [], images=320, mean=[0.5], std=[std])
    binary = {"name": "binary_cross_entropy", "expects": "probabilities"}
    watched = answering(seen, yes_or_no(100, 50), train=0.693, loss=binary, units=1)
    assert grade(TrivialPredictor(), watched, "head") == expected


@pytest.mark.parametrize(("std", "expected"), [(0.019, "warning"), (0.02, "clear")])
def test_regression_is_compared_with_the_spread_of_the_targets(std: float, expected: str) -> None:
    seen = answers([], [], [], images=320, mean=[0.0], std=[std])
    watched = answering(seen, values(4.0), train=4.0, loss=MSE, units=1)
    assert grade(TrivialPredictor(), watched, "head") == expected


@pytest.mark.parametrize(
    ("seen", "targets"),
    [
        pytest.param(
            answers([], [], [], images=320, mean=[0.01] * 3, std=[0.1] * 3),
            yes_or_no(1000, 5, 9, 20),
            id="many yes-or-no outputs, mostly no",
        ),
        pytest.param(
            answers([], [], [], images=320, mean=[0.1], std=[0.0]), None, id="no labels at all"
        ),
    ],
)
def test_not_judged_as_trivial(seen: Predictions, targets: Targets | None) -> None:
    assert grade(TrivialPredictor(), answering(seen, targets), "head") == "clear"


@pytest.mark.parametrize(
    ("step", "expected"), [(0, "undecided"), (99, "undecided"), (100, "warning")]
)
def test_every_network_begins_trivial(step: int, expected: str) -> None:
    watched = answering(ten(320, 0), step=step, steps=200, epochs=2)
    assert grade(TrivialPredictor(), watched, "head") == expected


def test_since_when() -> None:
    good = answers([32] * 10, [29] * 10, [32] * 10)
    history = probe(
        "", Predictions, "", (0, ten(320, 0)), (300, good), (600, ten(320, 0)), (1000, ten(320, 0))
    )
    watched = subject(head(), history=history | given(TEN), facts={"loss": CE}, train=[2.3] * 50)
    assert finding(TrivialPredictor(), watched).step == 600


def test_without_answers() -> None:
    assert grade(TrivialPredictor(), subject(head()), "head") == "undecided"
    few = answers([49], [4, 0], [40, 9], images=49)
    assert grade(TrivialPredictor(), answering(few), "head") == "undecided"
    assert grade(TrivialPredictor(), subject(conv()), "") == "silent"
