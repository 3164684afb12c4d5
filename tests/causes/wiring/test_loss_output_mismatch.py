"""C24: losses that are fed what they do not take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causes.cases import ask
from causes.data.cases import (
    Said,
    answering,
    belief,
    case,
    clear,
    dead,
    found,
    in_keras,
    predicted,
    remedies,
    state,
)
from snellen.causes.wiring.loss_output_mismatch import ABOUT_LABELS, LossOutputMismatch
from snellen.core import Severity
from snellen.record import Event
from symptoms.build import answers, labels

CE = {"name": "cross_entropy", "expects": "logits", "reduction": "mean", "fed": "linear"}
KERAS_ERROR = (
    "ValueError: Arguments `target` and `output` must have the same rank (ndim). Received: "
    "target.shape=(100,), output.shape=(100, 10)"
)


def losing(**loss: Any) -> dict[str, Any]:
    return {"loss": CE | loss}


def stopped(text: str) -> list[Event]:
    return [Event("script-error", text)]


def test_reads_how_the_loss_is_fed() -> None:
    key = "loss-fed-wrongly"
    assert state(LossOutputMismatch, key, case(answering(), found("S45"))) == "present"
    assert state(LossOutputMismatch, key, case(answering(), clear("S45"))) == "absent"
    assert state(LossOutputMismatch, key, case(answering())) == "unmeasured"


def test_a_slow_pair_is_a_lesser_clue() -> None:
    slow = case(answering(), found("S45", Severity.NOTE))
    assert ask(LossOutputMismatch, "loss-fed-wrongly", slow).reliability < 1
    assert state(LossOutputMismatch, "pair-learns-slowly", slow) == "present"
    wrong = case(answering(), found("S45"))
    assert state(LossOutputMismatch, "pair-learns-slowly", wrong) == "unmeasured"


@pytest.mark.parametrize(
    "text",
    [
        KERAS_ERROR,
        "ValueError: Arguments `target` and `output` must have the same shape. Received: "
        "target.shape=torch.Size([32]), output.shape=torch.Size([32, 10])",
        "IndexError: Target 10 is out of bounds.",
        "RuntimeError: 0D or 1D target tensor expected, multi-target not supported",
        "ValueError: Using a target size (torch.Size([32])) that is different to the input size "
        "(torch.Size([32, 1])) is deprecated.",
        "RuntimeError: expected scalar type Long but found Float",
        "ValueError: Expected input batch_size (32) to match target batch_size (320).",
        "InvalidArgumentError: Received a label value of 10 which is outside the valid range",
    ],
)
def test_knows_errors_about_labels(text: str) -> None:
    assert ABOUT_LABELS.search(text)
    watched = case(answering(), events=stopped(text))
    assert state(LossOutputMismatch, "script-stopped-over-its-labels", watched) == "present"


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'albumentations'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'train/0001.png'",
        "KeyboardInterrupt",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "RuntimeError: Given groups=1, weight of size [16, 3, 3, 3], expected input[8, 1, 28, 28] "
        "to have 3 channels, but got 1 channels instead",
    ],
)
def test_other_errors_are_not_about_labels(text: str) -> None:
    watched = case(answering(), events=stopped(text))
    assert state(LossOutputMismatch, "script-stopped-over-its-labels", watched) == "absent"


@pytest.mark.parametrize(("steps", "expected"), [(0, "present"), (1, "absent")])
def test_no_step_was_done(steps: int, expected: str) -> None:
    watched = answering(facts={"steps": steps})
    key = "ended-before-the-first-step"
    assert state(LossOutputMismatch, key, case(watched, events=stopped("x"))) == expected
    assert state(LossOutputMismatch, key, case(watched)) == "unmeasured"


def test_a_run_without_error_says_nothing() -> None:
    note = [Event("note", KERAS_ERROR)]
    key = "script-stopped-over-its-labels"
    assert state(LossOutputMismatch, key, case(answering(), events=note)) == "unmeasured"


@pytest.mark.parametrize(
    ("text", "steps", "expected"),
    [
        (f"the watching stopped after step 0: keras.step: {KERAS_ERROR}", 0, "present"),
        (f"the watching stopped after step 9: keras.step: {KERAS_ERROR}", 9, "unmeasured"),
        ("the watching stopped after step 0: TypeError: unhashable type", 0, "unmeasured"),
    ],
)
def test_a_loss_that_fails_before_the_first_step_ends_the_watching(
    text: str, steps: int, expected: str
) -> None:
    events = [Event("stopped", text, steps)]
    watched = case(answering(facts={"steps": steps}), events=events)
    assert state(LossOutputMismatch, "script-stopped-over-its-labels", watched) == expected


@pytest.mark.parametrize(
    ("loss", "counts", "expected"),
    [
        ({"units": 10}, [100] * 10, "absent"),
        ({"units": 1}, [100] * 2, "present"),
        ({"units": 5}, [100] * 10, "present"),
        ({"units": 12}, [100] * 10, "absent"),
        ({"name": "binary_cross_entropy", "units": 1}, [100] * 3, "present"),
        ({"name": "binary_cross_entropy", "units": 1}, [100] * 2, "absent"),
        ({"name": "mse", "units": 1}, [100] * 4, "present"),
    ],
)
def test_form_of_labels(loss: dict[str, Any], counts: list[int], expected: str) -> None:
    watched = case(answering(targets=labels(*counts), facts=losing(**loss)))
    assert state(LossOutputMismatch, "labels-of-another-form", watched) == expected


@pytest.mark.parametrize(
    ("fed", "end", "expected"),
    [("softmax", 1.5, "present"), ("softmax", 1.4, "absent"), ("linear", 1.5, "unmeasured")],
)
def test_floor_of_two_softmaxes(fed: str, end: float, expected: str) -> None:
    watched = answering(train=list(np.linspace(2.3, end, 50)), facts=losing(fed=fed, units=10))
    key = "loss-stays-above-the-floor-of-two-softmaxes"
    assert state(LossOutputMismatch, key, case(watched)) == expected


def test_gradients() -> None:
    key = "no-gradient-at-all"
    every = found("S59", evidence=Said("the gradient of all 3 layers was exactly zero"))
    some = found("S59", evidence=Said("the gradient of 1 of 3 layers never arrived"))
    assert state(LossOutputMismatch, key, case(answering(), every)) == "present"
    assert state(LossOutputMismatch, key, case(answering(), some)) == "absent"
    assert state(LossOutputMismatch, key, case(answering(), clear("S59"))) == "absent"
    assert state(LossOutputMismatch, key, case(answering())) == "unmeasured"


def test_outputs_constant_though_maps_live() -> None:
    key = "outputs-constant-though-maps-are-not"
    flat = predicted(answers([320, 0], [160, 0], [160, 160], std=[1.0, 0.0]))
    lively = predicted(answers([160, 160], [160, 160], [160, 160]))
    assert state(LossOutputMismatch, key, case(answering(None, None, flat))) == "present"
    assert state(LossOutputMismatch, key, case(answering(None, None, lively))) == "absent"
    assert state(LossOutputMismatch, key, case(dead(1.0, flat))) == "unmeasured"
    assert state(LossOutputMismatch, key, case(answering())) == "unmeasured"


def test_a_dead_network_speaks_against() -> None:
    assert state(LossOutputMismatch, "network-came-apart", case(dead(0.9))) == "present"


def test_is_believed_where_it_holds_alone() -> None:
    assert belief(LossOutputMismatch, case(answering(), found("S45"))) > 0.8
    assert belief(LossOutputMismatch, case(answering(), events=stopped(KERAS_ERROR))) > 0.8
    assert belief(LossOutputMismatch, case(answering(), clear("S45"))) < 0.05


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_suit_the_misfit(keras: bool) -> None:
    several = answering(facts=losing(units=10, fed="softmax"))
    first = remedies(LossOutputMismatch, case(in_keras(several) if keras else several))[0]
    assert "10 raw outputs of head" in first.title
    single = answering(targets=labels(50, 50), facts=losing(units=1, fed="softmax"))
    first = remedies(LossOutputMismatch, case(in_keras(single) if keras else single))[0]
    assert "yes-or-no" in first.title
    wrong = in_keras(several) if keras else several
    first = remedies(LossOutputMismatch, case(wrong, events=stopped(KERAS_ERROR)))[0]
    assert "integer" in first.title


@pytest.mark.parametrize("keras", [False, True])
def test_labels_that_are_right_several_at_a_time_are_asked_one_by_one(keras: bool) -> None:
    several = answering(
        targets=replace(labels(50, 50, 50), sum_low=1.0, sum_high=3.0),
        facts=losing(units=3, labels="one-hot"),
    )
    (remedy,) = remedies(
        LossOutputMismatch, case(in_keras(several) if keras else several, found("S45"))
    )
    assert "yes or no" in remedy.title
    assert ("sigmoid" if keras else "BCEWithLogitsLoss") in remedy.code


def test_answers_compared_with_every_target_are_given_one_shape() -> None:
    crossed = case(answering(facts={"crossed": 64}), found("S45"))
    (remedy,) = remedies(LossOutputMismatch, crossed)
    assert "squeeze(1)" in remedy.code
