"""S09: finds depth over which all images become alike, unless training mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import InputDependence
from snellen.symptoms.signal.input_correlation_collapse import InputCorrelationCollapse
from symptoms.build import UNHARMED, dependence, grade, head, probe, sentence, stack, subject


def watched(
    before: Sequence[float], after: Sequence[float] | None = None, **changes: Any
) -> Subject:
    """Layers of which these shares differ between images, at step 0 and at the end."""
    later = before if after is None else after
    history: dict[Any, Any] = {}
    for n, (first, last) in enumerate(zip(before, later, strict=True)):
        looks = (0, dependence(first)), (1000, dependence(last))
        history |= probe(f"conv{n}", InputDependence, "post", *looks)
    return subject(*stack(len(before), **changes), head(), history=history)


def steady(factor: float, layers: int = 12) -> list[float]:
    return [0.5 * factor**n for n in range(layers)]


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        # Over 11 steps six depth scales are a factor of e^(6/11) = 1.725 per layer.
        pytest.param(1 / 1.8, "warning", id="more than six depth scales"),
        pytest.param(1 / 1.6, "clear", id="fewer than six"),
        pytest.param(1.0, "clear", id="nothing fades"),
        pytest.param(1.02, "clear", id="grows"),
    ],
)
def test_both_sides_of_the_depth_scale(factor: float, expected: str) -> None:
    assert grade(InputCorrelationCollapse(), watched(steady(factor)), "") == expected


@pytest.mark.parametrize(("now", "expected"), [(0.009, "warning"), (0.011, "clear")])
def test_training_may_mend_it(now: float, expected: str) -> None:
    seen = watched(steady(0.4), [0.5] * 11 + [now])
    assert grade(InputCorrelationCollapse(), seen, "") == expected


def test_one_layer_that_loses_much_makes_no_law() -> None:
    ratios = [0.5] * 11 + [1e-6]
    assert grade(InputCorrelationCollapse(), watched(ratios), "") == "clear"


def test_rounding_is_no_measurement() -> None:
    ratios = [*steady(0.001, 4), *[1e-16] * 8]
    assert grade(InputCorrelationCollapse(), watched(ratios), "") == "warning"


@pytest.mark.parametrize("ratios", [[0.0] * 12, [np.nan] * 12])
def test_images_that_are_alike_have_nothing_to_lose(ratios: list[float]) -> None:
    assert grade(InputCorrelationCollapse(), watched(ratios), "") == "undecided"


def test_short_networks_and_networks_not_seen_before_training() -> None:
    assert grade(InputCorrelationCollapse(), watched(steady(0.1, 5)), "") == "silent"
    assert grade(InputCorrelationCollapse(), subject(*stack(12)), "") == "undecided"
    assert grade(InputCorrelationCollapse(), watched(steady(0.1), activation=None), "") == "silent"


def test_without_harm_it_is_a_note() -> None:
    assert grade(InputCorrelationCollapse(), watched(steady(0.4)), "", UNHARMED) == "note"


def test_sentence() -> None:
    assert sentence(InputCorrelationCollapse(), watched(steady(0.4))) == (
        "before training what differs between 320 images falls to 1/e every 1.09 layers, 0.5 to "
        "2.1e-5 over 12 layers, and is 2.1e-5 at the last look (allowed: 6 such lengths)"
    )
