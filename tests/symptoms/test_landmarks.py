"""The landmarks are exact: each against the loss computed the long way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snellen.symptoms import landmarks


def cross_entropy(logits: np.ndarray, label: int) -> float:
    shares = np.exp(logits - logits.max())
    return float(-np.log(shares[label] / shares.sum()))


def test_the_double_softmax_can_do_no_better_than_its_floor() -> None:
    certain = np.zeros(10)
    certain[3] = 1.0
    assert landmarks.double_softmax_floor(10) == pytest.approx(cross_entropy(certain, 3))
    assert landmarks.double_softmax_floor(10) == pytest.approx(1.461, abs=5e-4)


def test_the_double_sigmoid_floor() -> None:
    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    yes, no = -math.log(sigmoid(1.0)), -math.log(1 - sigmoid(0.0))
    assert landmarks.double_sigmoid_floor(0.25) == pytest.approx(0.25 * yes + 0.75 * no)


def test_guessing() -> None:
    assert landmarks.uniform_guess(10) == pytest.approx(2.302585)
    assert math.isnan(landmarks.uniform_guess(0))


def test_kerasclips_where_float32_does() -> None:
    one = np.float32(1) - np.float32(1e-7)
    assert pytest.approx(16.118, abs=5e-4) == landmarks.KERAS_CLIP
    assert pytest.approx(float(-np.log(np.float32(1) - one))) == landmarks.KERAS_CLIP_BINARY
    # Half of the images wrong under Keras: 8.019 was seen at 50.3% (CATALOGUE S45).
    constant = landmarks.constant_yes(0.503, clamp=landmarks.KERAS_CLIP_BINARY)
    assert constant == pytest.approx(8.019, abs=1e-3)


def test_a_clipped_loss_tells_the_share_of_wrong_images() -> None:
    assert landmarks.clipped_share(1.612) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
def test_smoothed_labels_have_a_floor_that_the_best_answer_reaches(smoothing: float) -> None:
    q = np.full(10, smoothing / 10)
    q[4] += 1 - smoothing
    best = -sum(p * math.log(p) for p in q if p > 0)
    assert landmarks.smoothed_floor(10, smoothing) == pytest.approx(best, abs=1e-12)


def test_smoothing_draws_the_prior_towards_uniform() -> None:
    priors = np.array([0.9, 0.1])
    plain = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert landmarks.smoothed_prior(priors, 0.0) == pytest.approx(plain)
    assert landmarks.smoothed_prior(priors, 1.0) == pytest.approx(math.log(2))
    assert landmarks.smoothed_floor(1, 0.1) == 0.0


def test_binary_priors() -> None:
    assert landmarks.binary_prior(np.array([0.5, 0.5])) == pytest.approx(math.log(2))
    assert landmarks.binary_prior(np.array([0.0, 1.0])) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(landmarks.binary_prior(np.zeros(0)))
    assert landmarks.binary_floor(0.0) == 0.0
    assert landmarks.binary_floor(0.2) == pytest.approx(
        -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, True), (1.01, True), (0.99, True), (1.011, False), (math.nan, False)],
)
def test_on_a_landmark_is_within_one_percent(value: float, expected: bool) -> None:
    assert landmarks.on(value, 1.0) is expected


def test_bit_identical() -> None:
    assert landmarks.bit_identical(np.array([3.0, 1.612, 1.612, 1.612, 1.612, 1.612]))
    assert not landmarks.bit_identical(np.array([1.612] * 4 + [np.nextafter(1.612, 2)]))
    assert not landmarks.bit_identical(np.array([1.612] * 4))
    assert not landmarks.bit_identical(np.array([np.nan] * 5))
