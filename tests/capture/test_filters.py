"""Filters against their beginning, and what one update does."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.adapters.contract import Weights
from snellen.capture import filters

RNG = np.random.default_rng(0)


def test_state_is_measured_filter_by_filter() -> None:
    began = RNG.normal(size=(4, 2, 3, 3)).astype(np.float32)
    now = began * np.array([1, 0, 2, -1], np.float32)[:, None, None, None]
    kept = filters.Filters.of({"a": Weights(began, None)})
    state = kept.state("a", Weights(now, np.array([1.0, 2.0, 3.0, 4.0]), gain=np.ones(4)))
    for i in range(4):
        assert state.initial_norm[i] == pytest.approx(np.sqrt((began[i] ** 2).sum()))
        assert state.norm[i] == pytest.approx(np.sqrt((now[i] ** 2).sum()))
        assert state.distance[i] == pytest.approx(np.sqrt(((now[i] - began[i]) ** 2).sum()))
    assert state.largest == np.abs(now).max()
    assert state.bias.tolist() == [1, 2, 3, 4]
    assert state.nonfinite == 0


def test_the_beginning_is_copied() -> None:
    kernel = np.ones((2, 1, 1, 1), np.float32)
    kept = filters.Filters.of({"a": Weights(kernel, None)})
    kernel[:] = 5
    assert kept.state("a", Weights(kernel, None)).initial_norm.tolist() == [1, 1]


def test_values_that_are_not_finite_are_counted() -> None:
    kernel = np.ones((2, 1, 1, 1), np.float32)
    kept = filters.Filters.of({"a": Weights(kernel, None)})
    spoilt = np.array([np.nan, 1.0], np.float32).reshape(2, 1, 1, 1)
    assert kept.state("a", Weights(spoilt, np.array([np.inf, 0.0]))).nonfinite == 2


def test_large_models_keep_a_share_of_every_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "KEPT_BYTES", 1000)
    weights = {name: Weights(RNG.random((50, 1, 5, 5)), None) for name in "ab"}
    kept = filters.Filters.of(weights)
    assert 0 < sum(k.nbytes for k in kept.initial.values()) <= 1000
    assert len(kept.state("b", weights["b"]).norm) == len(kept.chosen["b"]) >= 1


def test_an_update_in_standard_deviations_by_hand() -> None:
    before = filters.before_update(
        Weights(np.array([[[[1.0]], [[2.0]]]]), np.array([0.0])), np.array([[[[3.0]], [[4.0]]]])
    )
    after = Weights(np.array([[[[1.5]], [[2.0]]]]), np.array([1.0]))
    # Its mean input is (2, 7): the pre-activation moves by 0.5 x 2 + 1 = 2, which is half of sigma.
    update = filters.after_update(before, after, np.array([2.0, 7.0]), np.array([4.0]), 1, False)
    assert update.drift.tolist() == [0.5]
    assert update.update_norm == 0.5
    assert update.gradient_norm == 5.0
    assert update.weight_norm == pytest.approx(np.sqrt(5))


@pytest.mark.parametrize("missing", ["means", "spread", "transposed", "other channels"])
def test_without_what_it_needs_the_drift_is_not_measured(missing: str) -> None:
    kernel = RNG.random((2, 3, 1, 1))
    before = filters.before_update(Weights(kernel, None), None)
    means = None if missing == "means" else np.ones(4 if missing == "other channels" else 3)
    spread = None if missing == "spread" else np.ones(2)
    update = filters.after_update(
        before, Weights(kernel + 1, None), means, spread, 1, missing == "transposed"
    )
    assert update.drift.size == 0
    assert np.isnan(update.gradient_norm)


def test_gradients_too_small_to_square_keep_their_norm() -> None:
    gradient = np.full((1, 1, 1, 1), 1e-30, np.float32)
    before = filters.before_update(Weights(np.ones((1, 1, 1, 1)), None), gradient)
    assert before.gradient_norm == pytest.approx(1e-30)
