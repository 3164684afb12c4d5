"""S06: names the producer of the first NaN, not those it ran through."""

from __future__ import annotations

import math
from typing import Any

import pytest

from snellen.core import Finding, Place, Severity
from snellen.record import Subject
from snellen.stats import MapSummary, WeightState
from snellen.symptoms.activation.non_finite_origin import NonFiniteOrigin, Origin
from symptoms.build import (
    UNHARMED,
    broken,
    finding,
    grade,
    maps,
    probe,
    sentence,
    stack,
    subject,
    verdicts_of,
    weights,
)

LAYERS = stack(3)
NAN_LOSS = [2.3, 2.2, math.nan]


def entry(tensor: str, part: str, step: int = 3, **more: Any) -> dict[str, Any]:
    return {"step": step, "tensor": tensor, "part": part} | more


def trained(*entries: dict[str, Any], train: list[float] | None = None, **changes: Any) -> Subject:
    facts = {"nonfinite": list(entries), "steps": 3}
    return subject(*LAYERS, facts=facts, train=NAN_LOSS if train is None else train, **changes)


def test_blames_the_layer_whose_inputs_were_finite() -> None:
    watched = trained(
        entry("conv1", "pre", inputs_finite=True),
        entry("conv2", "pre", inputs_finite=False),
        entry("loss", "loss", inputs_finite=False),
    )
    found = finding(NonFiniteOrigin(), watched)
    assert (found.place, found.step) == (Place("Net", "conv1"), 3)
    assert found.severity is Severity.ERROR
    assert set(verdicts_of(NonFiniteOrigin(), watched)) == {"conv1"}


@pytest.mark.parametrize(
    ("entries", "layer"),
    [
        pytest.param(
            [entry("conv2", "pre", 5, inputs_finite=True), entry("conv1", "pre", 3)],
            "conv1",
            id="the earliest step comes first",
        ),
        pytest.param(
            [entry("conv0", "pre", inputs_finite=False), entry("conv1", "pre", inputs_finite=True)],
            "conv1",
            id="a propagator listed first",
        ),
        pytest.param(
            [entry("conv1", "pre"), entry("conv2", "pre")], "conv1", id="unknown inputs: the first"
        ),
        pytest.param(
            [entry("conv0", "gradient", 3, inputs_finite=True), entry("conv0", "weights", 3)],
            "conv0",
            id="a gradient that broke the weights",
        ),
        pytest.param(
            [entry("input", "input", inputs_finite=True), entry("conv0", "pre")], "", id="the input"
        ),
        pytest.param([entry("loss", "loss", inputs_finite=True)], "", id="the loss"),
        pytest.param([], "", id="nothing but the loss itself was seen"),
    ],
)
def test_the_origin(entries: list[dict[str, Any]], layer: str) -> None:
    assert finding(NonFiniteOrigin(), trained(*entries)).place.layer == layer


def test_sentences() -> None:
    before = probe("conv1", MapSummary, "pre", (2, maps(maximum=3.2e4, minimum=-5.0)))
    watched = trained(
        entry("conv1", "pre", inputs_finite=True),
        entry("conv2", "pre", inputs_finite=False),
        history=before,
    )
    assert sentence(NonFiniteOrigin(), watched) == (
        "the maps before the activation of conv1 held NaN or inf at step 3, computed from "
        "finite values "
        "(allowed: no such value; 1 further tensor followed; its largest value at the check "
        "before was "
        "3.2e4; the last finite loss was 2.2)"
    )
    assert sentence(NonFiniteOrigin(), trained(entry("loss", "loss", inputs_finite=True))) == (
        "the loss held NaN or inf at step 3, computed from finite values (allowed: no such value; "
        "the last finite loss was 2.2)"
    )


def test_a_loss_that_is_nan_needs_no_outcome() -> None:
    watched = trained(entry("conv1", "pre", inputs_finite=True))
    assert grade(NonFiniteOrigin(), watched, "conv1", UNHARMED) == "error"


def test_a_map_that_is_cleaned_before_the_loss_does_no_harm() -> None:
    watched = trained(entry("conv1", "pre"), train=[2.3, 1.0, 0.5])
    assert grade(NonFiniteOrigin(), watched, "conv1", UNHARMED) == "note"
    assert grade(NonFiniteOrigin(), watched, "conv1") == "warning"


@pytest.mark.parametrize(
    ("overflows", "expected"),
    [pytest.param(50, "note", id="5% of the steps"), pytest.param(51, "warning", id="one more")],
)
def test_a_gradient_scaler_overflows_now_and_then(overflows: int, expected: str) -> None:
    entries = [entry("conv0", "gradient", s) for s in range(1, overflows + 1)]
    watched = subject(*LAYERS, facts={"nonfinite": entries, "steps": 1000}, train=[2.3] * 10)
    assert grade(NonFiniteOrigin(), watched, "") == expected
    assert sentence(NonFiniteOrigin(), watched) == (
        f"the gradient held NaN or inf at {overflows} steps of 1000 while the loss stayed finite "
        "(allowed: 5% of the steps)"
    )


def test_found_in_the_maps_where_capture_wrote_nothing() -> None:
    history = probe("conv1", MapSummary, "pre", (2, maps()), (3, broken()))
    history |= probe("conv2", MapSummary, "pre", (2, maps()), (3, broken()))
    watched = subject(*LAYERS, history=history, train=NAN_LOSS, facts={"steps": 3})
    assert finding(NonFiniteOrigin(), watched).place.layer == "conv1"
    history |= probe("conv0", WeightState, "", (3, weights(nonfinite=2)))
    watched = subject(*LAYERS, history=history, train=NAN_LOSS, facts={"steps": 3})
    assert finding(NonFiniteOrigin(), watched).place.layer == "conv0"


def test_what_is_told_of_the_time_before_is_from_before() -> None:
    history = probe(
        "conv1", MapSummary, "pre", (1, maps(maximum=7.0)), (2, broken()), (3, maps(maximum=9.0))
    )
    watched = subject(
        *LAYERS,
        history=history,
        facts={"nonfinite": [entry("conv1", "pre", 2)], "steps": 3},
        train=[2.5, 2.4, math.nan],
    )
    evidence = finding(NonFiniteOrigin(), watched).evidence
    assert isinstance(evidence, Origin)
    assert (evidence.largest, evidence.loss_before) == (7.0, 2.4)
    at_once = subject(
        *LAYERS,
        facts={"nonfinite": [entry("conv1", "pre", 1)], "steps": 3},
        train=[2.5, 2.4, math.nan],
    )
    evidence = finding(NonFiniteOrigin(), at_once).evidence
    assert isinstance(evidence, Origin)
    assert evidence.loss_before == 2.5


def test_one_thing_looked_at_is_enough_to_be_clear() -> None:
    history = probe("conv0", MapSummary, "pre", (0, maps()))
    assert grade(NonFiniteOrigin(), subject(*LAYERS, train=[2.3]), "") == "clear"
    assert grade(NonFiniteOrigin(), subject(*LAYERS, history=history), "") == "clear"
    assert grade(NonFiniteOrigin(), subject(*LAYERS, train=[]), "") == "undecided"


def test_finite_from_start_to_end() -> None:
    watched = subject(
        *LAYERS, train=[2.3, 1.0], history=probe("conv0", MapSummary, "pre", (0, maps()))
    )
    assert grade(NonFiniteOrigin(), watched, "") == "clear"
    assert grade(NonFiniteOrigin(), subject(*LAYERS), "") == "undecided"
    assert not any(isinstance(v, Finding) for v in verdicts_of(NonFiniteOrigin(), watched).values())
