"""C10: starts from which nothing can be learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, found, plus, present, remedies
from snellen.causes.architecture.too_deep import TooDeep
from snellen.causes.optimisation.bad_initialisation import BadInitialisation
from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import MapSummary, WeightState
from snellen.symptoms.signal.forward_signal import SignalOverDepth
from symptoms.build import conv, head, maps, probe, subject, weights

SHAPE = (8, 8, 3, 3)
HE = float(np.sqrt(2))
"""Norm of a filter as He's initialisation draws it: √(2 / fan_in) · √fan_in."""


def net(
    *,
    scale: float = 1.0,
    spread: float = 0.1,
    bias: float = 0.0,
    at: int = 1,
    dead: int = 0,
    **facts: Any,
) -> Subject:
    """Filters that began at `scale` times He's size, their norms `spread` apart."""
    norms = scale * HE * (1 + spread * np.linspace(-1, 1, 8))
    state = weights(initial_norm=norms, norm=norms, bias=np.full(8, bias))
    silent = maps(silent=range(dead))
    return plus(
        subject(conv(weight_shape=SHAPE), head(), facts={"optimizer": "Adam"} | facts),
        probe("conv", WeightState, "", (at, state)),
        probe("conv", MapSummary, "post", (0, silent), (1000, silent)),
    )


@pytest.mark.parametrize(
    ("about", "unusual"),
    [
        pytest.param({}, False, id="as He draws"),
        pytest.param({"scale": 0.41}, False, id="as PyTorch draws"),
        pytest.param({"scale": 0.21}, False, id="small"),
        pytest.param({"scale": 0.19}, True, id="too small"),
        pytest.param({"scale": 2.9}, False, id="large"),
        pytest.param({"scale": 3.1}, True, id="too large"),
        pytest.param({"scale": 0.0}, True, id="zero"),
        pytest.param({"spread": 0.0}, True, id="all alike"),
        pytest.param({"bias": -0.39}, False, id="biases a little below zero"),
        pytest.param({"bias": -0.41}, True, id="biases far below zero"),
        pytest.param({"bias": 10.0}, True, id="biases far above zero"),
        pytest.param(
            {"bias": -0.5, "at": 100, "learning_rate": 0.1}, False, id="biases that a rate moved"
        ),
        pytest.param({"loaded_weights": True, "scale": 9.0}, None, id="loaded"),
    ],
)
def test_unusual_start(about: dict[str, Any], unusual: bool | None) -> None:
    assert present(BadInitialisation, "unusual-start", case(net(**about))) is unusual


@pytest.mark.parametrize(
    ("shape", "changes", "least"),
    [
        # Glorot's rule: √(fan_in / (fan_in + fan_out)), of which a fifth less is still usual.
        pytest.param((32, 1, 3, 3), {}, 0.8 * (1 / 33) ** 0.5, id="one input feeds many filters"),
        pytest.param((8, 8, 3, 3), {}, 0.2, id="as many filters as inputs"),
        pytest.param((64, 1, 3, 3), {"groups": 64}, 0.8 * (1 / 65) ** 0.5, id="depthwise in Keras"),
        pytest.param((1, 32, 3, 3), {"transposed": True}, 0.8 * (1 / 33) ** 0.5, id="transposed"),
    ],
)
def test_what_is_small_depends_on_the_rule(
    shape: tuple[int, ...], changes: dict[str, Any], least: float
) -> None:
    filters = shape[1] if changes.get("transposed") else shape[0]
    spread = 1 + 0.1 * np.linspace(-1, 1, filters)
    for scale, unusual in ((0.98 * least, True), (1.02 * least, False)):
        norm = scale * HE * spread / np.sqrt(np.mean(np.square(spread)))
        state = weights(initial_norm=norm, norm=norm, bias=np.zeros(filters))
        one = plus(
            subject(conv(weight_shape=shape, channels=filters, **changes), head()),
            probe("conv", WeightState, "", (1, state)),
        )
        assert present(BadInitialisation, "unusual-start", case(one)) is unusual


@pytest.mark.parametrize(("factor", "unusual"), [(0.5, False), (1.9, False), (2.1, True)])
def test_maps_that_burst_though_the_spread_is_usual(factor: float, unusual: bool) -> None:
    law = SignalOverDepth(factor, factor**6, 7, 1.0, factor**6, 1e-3, 1e3, 0.8)
    seen = found("S08", step=0, evidence=law)
    assert present(BadInitialisation, "unusual-start", case(net(), seen)) is unusual


@pytest.mark.parametrize(("dead", "silent"), [(3, False), (4, True)])
def test_silent_before_the_first_step(dead: int, silent: bool) -> None:
    key = "silent-or-faded-before-the-first-step"
    assert present(BadInitialisation, key, case(net(dead=dead))) is silent


def test_faults_that_show_before_the_first_step() -> None:
    key = "silent-or-faded-before-the-first-step"
    assert present(BadInitialisation, key, case(net(), found("S08", step=0))) is True
    assert present(BadInitialisation, key, case(net(), found("S08", step=9))) is False


def test_copies_are_the_initialisation_and_few_layers_not_their_depth() -> None:
    about = case(
        net(spread=0.0), found("S60", layer="conv", step=0, severity=Severity.ERROR), clean=["S08"]
    )
    assert belief(BadInitialisation, about) > 0.9
    assert belief(TooDeep, about) < 0.1


@pytest.mark.parametrize("keras", [False, True])
@pytest.mark.parametrize(("activation", "rule"), [("relu", "He"), ("tanh", "Glorot")])
def test_remedy_fits_the_activation(keras: bool, activation: str, rule: str) -> None:
    one = subject(conv(weight_shape=SHAPE, activation=activation), head())
    (remedy, *_) = remedies(BadInitialisation, case(one, keras=keras))
    assert rule in remedy.title
    assert ("xavier" in remedy.code or "glorot" in remedy.code) is (rule == "Glorot")
