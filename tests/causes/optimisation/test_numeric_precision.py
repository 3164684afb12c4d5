from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.numeric_precision import NumericPrecision
from snellen.record import Subject
from snellen.stats import WeightUpdate
from snellen.symptoms.activation.non_finite_origin import Origin, SkippedSteps
from symptoms.build import conv, head, inline, subject, update

CALM = [2.3] * 20
NAN = [float("nan")] * 20


def origin(tensor: str = "conv", part: str = "pre", step: int = 20, largest: float = 5.0) -> Origin:
    return Origin(tensor, part, step, True, largest, 2.3, 3)


def entry(tensor: str, part: str, finite: bool) -> dict[str, Any]:
    return {"step": 20, "tensor": tensor, "part": part, "inputs_finite": finite, "share": 1.0}


def net(train: list[float] | None = None, **facts: Any) -> Subject:
    return subject(conv(), head(units=1), train=train or CALM + NAN, facts=facts)


def test_values_that_are_not_finite() -> None:
    key = "values-are-not-finite"
    assert present(NumericPrecision, key, case(net(), found("S06", origin()))) is True
    assert present(NumericPrecision, key, case(net())) is True
    assert present(NumericPrecision, key, case(net(CALM * 2))) is False


@pytest.mark.parametrize(
    ("before", "largest", "calm"),
    [(2.3, 5.0, True), (11.0, 5.0, True), (12.0, 5.0, False), (2.3, 2e4, False)],
)
def test_a_fall_from_a_usual_size(before: float, largest: float, calm: bool) -> None:
    own = net([2.3] * 10 + [before] * 10 + NAN)
    about = case(own, found("S06", origin(largest=largest)))
    assert present(NumericPrecision, "fell-from-a-usual-size", about) is calm


@pytest.mark.parametrize(("step", "calm"), [(0, True), (500, False)])
def test_no_loss_before(step: int, calm: bool) -> None:
    about = case(net(NAN * 2), found("S06", origin(step=step)))
    assert present(NumericPrecision, "fell-from-a-usual-size", about) is calm


@pytest.mark.parametrize(
    ("entries", "computed"),
    [
        ([entry("conv", "pre", True), entry("conv", "post", False)], True),
        ([entry("conv", "weights", True), entry("conv", "pre", False)], False),
        ([entry("input", "input", True), entry("conv", "pre", False)], False),
        ([], None),
    ],
)
def test_where_it_came_from(entries: list[dict[str, Any]], computed: bool | None) -> None:
    about = case(net(nonfinite=entries))
    assert present(NumericPrecision, "computed-from-finite-values", about) is computed


@pytest.mark.parametrize(
    ("facts", "half"),
    [
        ({"dtype_policy": "mixed_float16"}, True),
        ({"dtype_policy": "mixed_bfloat16"}, False),
        ({"dtype_policy": "float32"}, False),
        ({"loss_scaling": {"kind": "dynamic"}}, True),
        ({}, None),
    ],
)
def test_precision(facts: dict[str, Any], half: bool | None) -> None:
    assert present(NumericPrecision, "half-precision", case(net(**facts))) is half


def test_skipped_steps() -> None:
    key = "steps-were-skipped"
    skipped = found("S06", SkippedSteps(100, 1000, 0.05))
    assert present(NumericPrecision, key, case(net(), skipped)) is True
    assert present(NumericPrecision, key, case(net(), found("S06", origin()))) is False
    assert present(NumericPrecision, key, case(net())) is None


@pytest.mark.parametrize(
    ("loss", "logarithm"),
    [
        ({"name": "binary_cross_entropy", "expects": "probabilities"}, True),
        ({"name": "nll", "expects": "log-probabilities"}, True),
        ({"name": "other", "expects": "values"}, True),
        ({"name": "cross_entropy", "expects": "logits"}, False),
    ],
)
def test_losses_of_probabilities(loss: dict[str, str], logarithm: bool) -> None:
    about = case(net(loss=loss))
    assert present(NumericPrecision, "loss-of-probabilities", about) is logarithm


@pytest.mark.parametrize(("highest", "grew"), [(11.0, False), (12.0, True)])
def test_growth_before_speaks_against_it(highest: float, grew: bool) -> None:
    own = net([2.3] * 10 + [highest] * 10 + NAN)
    assert present(NumericPrecision, "everything-grew", case(own)) is grew


@pytest.mark.parametrize(("drift", "shifted"), [(2.9, False), (3.1, True)])
def test_a_thrown_map_speaks_against_it(drift: float, shifted: bool) -> None:
    own = plus(net(), inline("conv", WeightUpdate, "", (0, update(drift=drift))))
    assert present(NumericPrecision, "first-steps-shift-the-maps", case(own)) is shifted


def test_belief() -> None:
    sudden = case(net(nonfinite=[entry("conv", "pre", True)]), found("S06", origin()))
    rising = case(
        net(list(np.geomspace(2.3, 1e30, 40)) + NAN, nonfinite=[entry("conv", "weights", True)]),
        found("S06", origin("conv", "weights", 500, 1e20)),
    )
    assert belief(NumericPrecision, sudden) > 0.8
    assert belief(NumericPrecision, rising) < 0.1
    assert belief(NumericPrecision, case(net(CALM * 2), clean=["S06"])) < 0.01


def test_remedies() -> None:
    guarded, logits, scaled = remedies(NumericPrecision, case(net(), found("S06", origin())))
    assert "before conv" in guarded.title
    assert "binary_cross_entropy_with_logits" in logits.code
    assert "GradScaler" in scaled.code
    wider, *_ = remedies(NumericPrecision, case(net(dtype_policy="mixed_float16"), keras=True))
    assert "mixed_bfloat16" in wider.code
    first, *_ = remedies(NumericPrecision, case(net(), found("S06", origin("loss", "loss"))))
    assert "logits" in first.title
    remedies(NumericPrecision, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(NumericPrecision)
