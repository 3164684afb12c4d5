"""S45: losses fed what they do not expect, and the many pairs that only look wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from snellen.core import Place
from snellen.record import Subject
from snellen.stats import Predictions
from snellen.symptoms import Outcome
from snellen.symptoms.wiring.loss_head_mismatch import LossHeadMismatch
from symptoms.build import (
    HARMED,
    UNHARMED,
    answers,
    conv,
    finding,
    given,
    grade,
    head,
    labels,
    sentence,
    subject,
    told,
    values,
    yes_or_no,
)

PROBABILITIES = answers([32] * 10, [20] * 10, [32] * 10, minimum=0.0, maximum=1.0, row_sum=1.0)
LOGITS = answers([32] * 10, [20] * 10, [32] * 10, minimum=-7.0, maximum=9.0, row_sum=3.0)


def wired(
    name: str,
    expects: str,
    fed: str | None,
    *,
    units: int = 10,
    outputs: Predictions | None = None,
    train: Sequence[float] | None = (2.3, 1.8, 1.7),
    loss: dict[str, Any] | None = None,
    history: dict[Any, Any] | None = None,
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> Subject:
    call = {"name": name, "expects": expects, "fed": fed, "units": units, "reduction": "mean"}
    return subject(
        conv(),
        head(units=units, **changes),
        facts={"loss": call | (loss or {})} | (facts or {}),
        train=train,
        history=(told(outputs) if outputs else {}) | (history or {}),
    )


CE, NLL = ("cross_entropy", "logits"), ("nll", "log-probabilities")
KERAS_CE = ("cross_entropy", "probabilities")
BCE, BCE_LOGITS = (
    ("binary_cross_entropy", "probabilities"),
    ("binary_cross_entropy_with_logits", "logits"),
)
MSE = ("mse", "values")

BUGS = {
    "softmax, then cross-entropy on logits": (wired(*CE, "softmax"), "warning"),
    "the same, seen by the outputs alone": (wired(*CE, None, outputs=PROBABILITIES), "warning"),
    "softmax over one output": (wired(*BCE, "softmax", units=1), "error"),
    "softmax over one output, cross-entropy": (wired(*KERAS_CE, "softmax", units=1), "error"),
    "a head that ends in softmax over one output": (
        wired(*BCE, None, units=1, output_activation="softmax"),
        "error",
    ),
    "sigmoid taken twice": (
        wired(*BCE_LOGITS, "sigmoid", units=1, history=given(yes_or_no(100, 50))),
        "warning",
    ),
    "logits into a loss on probabilities": (wired(*KERAS_CE, "linear", outputs=LOGITS), "error"),
    "the same, fed by something unseen": (wired(*KERAS_CE, None, outputs=LOGITS), "error"),
    "a rectifier into a loss on probabilities": (wired(*KERAS_CE, "relu", outputs=LOGITS), "error"),
    "logits into a binary loss": (wired(*BCE, "linear", outputs=LOGITS), "error"),
    "logits into nll": (wired(*NLL, "linear", outputs=LOGITS), "error"),
    "logits into nll, told by a loss below zero": (
        wired(*NLL, "linear", train=(2.3, -5.0)),
        "error",
    ),
    "probabilities into nll": (wired(*NLL, "softmax", train=(-0.1, -0.9)), "warning"),
    "logarithms into a loss on probabilities": (wired(*KERAS_CE, "log_softmax"), "error"),
}

FINE = {
    "logits": wired(*CE, "linear", outputs=LOGITS),
    "log-softmax taken twice changes nothing": wired(*CE, "log_softmax"),
    "probabilities": wired(*KERAS_CE, "softmax", outputs=PROBABILITIES),
    "sigmoid": wired(*BCE, "sigmoid", units=1),
    "sigmoid for many labels": wired(*BCE, "sigmoid", units=14),
    "log-softmax into nll": wired(*NLL, "log_softmax"),
    "the model returns logits, nll is fed something unseen": wired(*NLL, None, outputs=LOGITS),
    "regression": wired(*MSE, "linear", units=1),
    "regression with a rectifier": wired(*MSE, "relu", units=1),
    "a loss below the double softmax's floor disproves it": wired(
        *CE, "softmax", train=(2.3, 1.0, 0.3)
    ),
    "the same, of outputs that sum to one": wired(
        *CE, None, outputs=PROBABILITIES, train=(2.3, 1.0)
    ),
    "clamped by hand to 0 to 1": wired(*BCE, "linear", outputs=PROBABILITIES),
    "outputs in 0 to 1 that are no softmax": wired(
        *CE, None, outputs=answers([9], [9], [9], minimum=0, maximum=1, row_sum=4.0)
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_bugs_need_no_outcome(name: str) -> None:
    watched, expected = BUGS[name]
    assert grade(LossHeadMismatch(), watched, "head", UNHARMED) == expected
    assert grade(LossHeadMismatch(), watched, "head", HARMED) == expected


@pytest.mark.parametrize("name", FINE)
def test_fine(name: str) -> None:
    assert grade(LossHeadMismatch(), FINE[name], "head") == "clear"


SLOW = {
    "sigmoid before a cross-entropy on logits": wired(*CE, "sigmoid"),
    "sigmoid before a cross-entropy on probabilities": wired(*KERAS_CE, "sigmoid"),
    "tanh before a cross-entropy": wired(*CE, "tanh"),
    "a rectifier before a cross-entropy": wired(*CE, "relu"),
    "a soft rectifier before a cross-entropy on logits": wired(*CE, "gelu"),
    "a squasher before a binary loss": wired(*BCE_LOGITS, "softsign", units=1),
    "a rectifier before a binary loss": wired(*BCE_LOGITS, "relu", units=1),
    "logits into a loss on probabilities, outputs not seen": wired(*KERAS_CE, "linear"),
}


@pytest.mark.parametrize("name", SLOW)
def test_pairs_that_only_slow_learning_wait_for_the_outcome(name: str) -> None:
    assert grade(LossHeadMismatch(), SLOW[name], "head", UNHARMED) == "note"
    assert grade(LossHeadMismatch(), SLOW[name], "head", HARMED) == "warning"


@pytest.mark.parametrize(("images", "expected"), [(49, "note"), (50, "warning")])
def test_outputs_that_a_rectifier_has_silenced_for_every_image(images: int, expected: str) -> None:
    """Two of ten classes are zero throughout, and never chosen unless all are."""
    silent = answers(
        [32] * 10,
        [20] * 10,
        [32] * 10,
        minimum=0.0,
        mean=[0.0, 0.0, *[1.0] * 8],
        std=[0.0, 0.0, *[1.0] * 8],
        images=images,
    )
    watched = wired(*CE, "relu", outputs=silent)
    assert grade(LossHeadMismatch(), watched, "head", UNHARMED) == expected
    if expected == "warning":
        assert sentence(LossHeadMismatch(), watched) == (
            "a rectifier cuts off the outputs, 2 of 10 for every image: cross entropy was fed the "
            "output of a ReLU (allowed: logits)"
        )


@pytest.mark.parametrize("outcome", [HARMED, UNHARMED])
def test_a_softmax_over_the_batch(outcome: Outcome) -> None:
    over = {"output_softmax": {"over": "batch", "units": 10}}
    watched = wired(*NLL, "log_softmax", facts=over)
    assert grade(LossHeadMismatch(), watched, "head", outcome) == "error"
    assert sentence(LossHeadMismatch(), watched) == (
        "the softmax runs over the images of the batch, not over the classes: nll was fed the "
        "output of a log-softmax (allowed: a softmax over the classes)"
    )


@pytest.mark.parametrize("over", ["units", "positions", None])
def test_other_softmaxes(over: str | None) -> None:
    facts = {"output_softmax": {"over": over, "units": 10}}
    assert grade(LossHeadMismatch(), wired(*NLL, "log_softmax", facts=facts), "head") == "clear"


def test_a_softmax_over_one_unit_told_by_its_axis() -> None:
    facts = {"output_softmax": {"over": "units", "units": 1}}
    watched = wired(*BCE, None, units=1, facts=facts)
    assert grade(LossHeadMismatch(), watched, "head", UNHARMED) == "error"


@pytest.mark.parametrize("pair", [MSE, BCE])
def test_softmax_under_other_losses_is_a_note(pair: tuple[str, str]) -> None:
    assert grade(LossHeadMismatch(), wired(*pair, "softmax"), "head", HARMED) == "note"


@pytest.mark.parametrize(
    ("train", "expected"),
    [((2.3, 1.47), "warning"), ((2.3, 1.4466), "warning"), ((2.3, 1.44), "clear")],
)
def test_the_floor_decides(train: tuple[float, ...], expected: str) -> None:
    """1.461 for ten classes, less one percent."""
    assert grade(LossHeadMismatch(), wired(*CE, "softmax", train=train), "head") == expected


def test_a_weighted_loss_has_no_known_floor() -> None:
    weighted = wired(*CE, "softmax", train=(2.3, 0.2), loss={"class_weight": True})
    assert grade(LossHeadMismatch(), weighted, "head") == "warning"
    unseen = wired(*CE, None, outputs=PROBABILITIES, train=(2.3, 0.2), loss={"reduction": "sum"})
    assert grade(LossHeadMismatch(), unseen, "head") == "clear"


def test_sentences() -> None:
    assert finding(LossHeadMismatch(), BUGS["softmax, then cross-entropy on logits"][0]).place == (
        Place("Net", "head")
    )
    assert sentence(LossHeadMismatch(), BUGS["softmax, then cross-entropy on logits"][0]) == (
        "the softmax is taken twice: cross entropy was fed the output of a softmax (allowed: "
        "logits); "
        "it can't fall below 1.46, the smallest seen was 1.7"
    )
    assert sentence(LossHeadMismatch(), BUGS["softmax over one output"][0]) == (
        "a softmax over one output is always 1: binary cross entropy was fed the output of a "
        "softmax "
        "(allowed: a sigmoid)"
    )
    assert sentence(LossHeadMismatch(), BUGS["logits into a loss on probabilities"][0]) == (
        "the loss takes the logarithm of outputs outside 0 to 1: cross entropy was fed raw outputs "
        "(allowed: probabilities)"
    )


@pytest.mark.parametrize("name", ["other", "mae", "huber", "kl_div"])
def test_losses_of_other_kinds_are_not_judged(name: str) -> None:
    assert grade(LossHeadMismatch(), wired(name, "values", "softmax"), "head") == "silent"


def test_undecided() -> None:
    assert grade(LossHeadMismatch(), wired(*CE, None), "head") == "undecided"
    assert grade(LossHeadMismatch(), subject(conv(), head()), "head") == "silent"
    broken = answers([1], [1], [1], minimum=math.nan, maximum=math.nan)
    assert (
        grade(LossHeadMismatch(), wired(*KERAS_CE, "linear", outputs=broken), "head") == "warning"
    )


@pytest.mark.parametrize(
    ("lowest", "expected"), [(0.0, "clear"), (-1e-4, "clear"), (-1e-2, "error")]
)
def test_cross_entropy_below_zero_has_labels_beyond_0_to_1(lowest: float, expected: str) -> None:
    for net in (
        wired(*BCE_LOGITS, "linear", units=1, train=(0.7, lowest)),
        wired(*BCE, "sigmoid", units=1, train=(0.7, lowest)),
    ):
        assert grade(LossHeadMismatch(), net, "head", UNHARMED) == expected


def test_answers_compared_with_every_target_are_an_error_whatever_the_outcome() -> None:
    crossed = subject(conv(), head(units=1), facts={"crossed": 64})
    assert grade(LossHeadMismatch(), crossed, "head", UNHARMED) == "error"
    said = sentence(LossHeadMismatch(), crossed, UNHARMED)
    assert "each of 64 answers with each of 64 targets, 4096 pairs (allowed: 64)" in said


@pytest.mark.parametrize(
    ("sums", "expected"),
    [((1.0, 1.0), "clear"), ((0.0, 1.009), "clear"), ((1.0, 1.02), "warning"), (None, "clear")],
)
@pytest.mark.parametrize("loss", [CE, KERAS_CE])
def test_labels_right_several_at_a_time(
    loss: tuple[str, str], sums: tuple[float, float] | None, expected: str
) -> None:
    seen = labels(32, 32, 32)
    if sums is not None:
        seen = replace(seen, sum_low=sums[0], sum_high=sums[1])
    several = wired(*loss, "linear" if loss is CE else "softmax", units=3, history=given(seen))
    assert grade(LossHeadMismatch(), several, "head", UNHARMED) == expected


@pytest.mark.parametrize(
    ("loss", "fed", "mean", "expected"),
    [
        ("mse", "sigmoid", 6.0, "error"),
        ("mae", "sigmoid", 1.01, "error"),
        ("huber", "tanh", -1.2, "error"),
        ("mse", "sigmoid", 0.99, "clear"),
        ("mse", "tanh", -0.9, "clear"),
        ("mse", "linear", 6.0, "clear"),
        ("mse", "relu", 6.0, "clear"),
    ],
)
def test_targets_that_the_last_activation_can_not_reach(
    loss: str, fed: str, mean: float, expected: str
) -> None:
    targets = replace(values(2.0), mean=np.array([mean]))
    watched = wired(loss, "values", fed, units=1, history=given(targets), outputs=LOGITS)
    found = grade(LossHeadMismatch(), watched, "head", UNHARMED)
    assert found == ("silent" if loss != "mse" and expected == "clear" else expected)
