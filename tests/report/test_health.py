"""How a channel fares, on both sides of each limit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from report import runs
from snellen.core import Layer
from snellen.record import Entry, Subject
from snellen.report.health import Health, LayerHealth, layer_health
from snellen.stats import InputDependence, MapSummary

A, S, C, D, N, U = Health  # In the order of the class.


def health_of(
    activation: str | None,
    maps: MapSummary,
    dependence: InputDependence | None = None,
    *,
    part: str = "post",
) -> LayerHealth:
    layer = runs.layer("conv1", 0, maps.channels, activation)
    told = dependence if dependence is not None else runs.dependence(maps.channels)
    subject = runs.subject([layer], {"conv1": maps}, {"conv1": told}, part=part)
    return layer_health(subject, layer)


def test_the_letters_stand_for_what_they_say() -> None:
    assert [h.name for h in (A, S, C, D, N, U)] == [
        "ALIVE", "SATURATED", "CONSTANT", "DEAD", "NOT_FINITE", "UNKNOWN",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("relu", D), ("relu6", D), ("gelu", A), ("linear", A), (None, A)],
)
def test_only_an_activation_that_puts_out_zeros_has_dead_channels(
    activation: str | None, expected: Health
) -> None:
    found = health_of(activation, runs.summary(3, silent=[1]))
    assert found.channels == (A, expected, A)


def test_one_image_that_wakes_a_channel_keeps_it_alive() -> None:
    maps = runs.summary(2, silent=[0, 1])
    maps.active_images[1] = 1
    assert health_of("relu", maps).channels == (D, A)


@pytest.mark.parametrize(("ratio", "expected"), [(0.99e-4, C), (1.01e-4, A)])
def test_a_channel_is_constant_below_the_ratio(ratio: float, expected: Health) -> None:
    told = runs.dependence(2, constant=[1], ratio=ratio)
    assert health_of("gelu", runs.summary(2), told).channels == (A, expected)


def test_a_channel_of_zeros_is_constant_where_it_cannot_be_dead() -> None:
    zeros = InputDependence(320, np.array([0.5, 0.0]), np.array([0.5, 0.0]), np.zeros(2))
    assert health_of("gelu", runs.summary(2), zeros).channels == (A, C)


@pytest.mark.parametrize(("beyond", "expected"), [(0.89, A), (0.91, S)])
@pytest.mark.parametrize("side", ["below", "above"])
def test_a_channel_is_saturated_from_the_share(side: str, beyond: float, expected: Health) -> None:
    maps = runs.summary(2)
    getattr(maps, side)[1] = round(beyond * maps.values[1])
    assert health_of("tanh", maps).channels == (A, expected)


def test_values_above_zero_do_not_saturate_a_relu() -> None:
    assert health_of("relu", runs.summary(2, saturated=[0, 1])).channels == (A, A)


def test_nothing_saturates_before_the_activation() -> None:
    maps = runs.summary(2, saturated=[1])
    assert health_of("tanh", maps, part="pre").channels == (A, A)
    assert health_of("tanh", maps, part="post").channels == (A, S)


def test_nan_outweighs_all_else() -> None:
    assert health_of("relu", runs.summary(2, silent=[1], nonfinite=[1])).channels == (A, N)


def without(subject: Subject, kind: str) -> Subject:
    kept = {key: v for key, v in subject.statistics.items() if not key[1].startswith(kind)}
    return Subject(subject.name, "torch", subject.facts, subject.layers, subject.moments, {}, kept)


def one_layer(maps: MapSummary) -> tuple[Subject, Layer]:
    layer = runs.layer("conv1", 0, maps.channels)
    return runs.subject([layer], {"conv1": maps}), layer


def test_a_layer_never_looked_at_is_unknown() -> None:
    subject, layer = one_layer(runs.summary(3))
    assert layer_health(without(subject, "map"), layer).channels == (U, U, U)


def test_without_its_input_dependence_a_channel_is_not_called_alive() -> None:
    subject, layer = one_layer(runs.summary(3, silent=[0]))
    assert layer_health(without(subject, "input-dependence"), layer).channels == (D, U, U)


def test_input_dependence_of_other_weights_does_not_count() -> None:
    subject, layer = one_layer(runs.summary(2))
    statistics = dict(subject.statistics)
    key = ("conv1", "input-dependence/post", "probe")
    statistics[key] = (Entry(7, runs.dependence(2)),)
    older = Subject(subject.name, "torch", {}, subject.layers, subject.moments, {}, statistics)
    assert layer_health(older, layer).channels == (U, U)


def test_a_single_image_tells_nothing_of_constancy() -> None:
    told = runs.dependence(2, constant=[0, 1], images=1)
    assert health_of("gelu", runs.summary(2, images=1), told).channels == (U, U)


def test_counts_leave_out_what_there_is_none_of() -> None:
    channels: Sequence[Health] = (A, D, D, U)
    found = LayerHealth("conv1", tuple(channels), 0, 1)
    assert found.counts == {A: 1, D: 2, U: 1}
    assert found.faulty == 2
