"""The drift of pre-activations against a convolution written out, and ratios at their edges."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import WeightState, WeightUpdate, preactivation_drift


@pytest.mark.parametrize("groups", [1, 2, 6], ids="{} groups".format)
def test_drift_is_the_shift_of_a_constant_image(rng: np.random.Generator, groups: int) -> None:
    """On an image that is constant per channel, a changed filter shifts its output by just that."""
    outputs, inputs = 12, 6
    change = rng.normal(size=(outputs, inputs // groups, 3, 3))
    bias, mean = rng.normal(size=outputs), rng.normal(size=inputs)
    spread = rng.uniform(1, 2, size=outputs)

    expected = []
    for o in range(outputs):
        first = o // (outputs // groups) * (inputs // groups)
        patch = np.ones((inputs // groups, 3, 3))
        for i in range(inputs // groups):
            patch[i] *= mean[first + i]
        expected.append(abs((change[o] * patch).sum() + bias[o]) / spread[o])

    np.testing.assert_allclose(preactivation_drift(change, bias, mean, spread, groups), expected)


def test_drift_without_bias_and_of_a_constant_channel() -> None:
    drift = preactivation_drift(np.ones((2, 1)), None, np.array([3.0]), np.array([2.0, 0.0]))

    assert drift[0] == 1.5
    assert np.isnan(drift[1])


def state(norm: list[float], initial: list[float], distance: list[float]) -> WeightState:
    arrays = (np.array(norm), np.array(initial), np.array(distance))
    return WeightState(*arrays, largest=1.0, nonfinite=0, bias=np.zeros(0), gain=np.zeros(0))


def test_growth_and_movement() -> None:
    weights = state([6.0, 1.0], [3.0, 4.0], [0.3, 0.4])

    assert weights.growth.tolist() == [2.0, 0.25]
    assert weights.moved == pytest.approx(0.1)


def test_filters_that_began_at_zero_have_no_growth() -> None:
    weights = state([6.0], [0.0], [6.0])

    assert np.isnan(weights.growth[0])
    assert np.isnan(weights.moved)


@pytest.mark.parametrize(("norm", "ratio"), [(2.0, 0.5), (0.0, np.nan)])
def test_update_relative_to_the_weights(norm: float, ratio: float) -> None:
    update = WeightUpdate(norm, 1.0, 0.1, 0.0, 0, 1.0, np.zeros(0))

    assert update.relative_gradient == pytest.approx(ratio, nan_ok=True)
    assert update.relative_update == pytest.approx(ratio, nan_ok=True)
