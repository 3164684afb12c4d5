"""Exact values that a loss curve is compared with (CATALOGUE §2, "loss landmarks")."""

from __future__ import annotations

from math import e, exp, log

import numpy as np
import numpy.typing as npt

KERAS_CLIP = -log(1e-7)
"""Loss of a wrong, fully saturated answer where Keras clips probabilities at 1e-7: 16.118."""
KERAS_CLIP_BINARY = 15.942385
"""The same for `binary_crossentropy` in float32, where 1 − 1e-7 rounds to 1 − 1.19e-7:
−ln(1.19e-7)."""
TORCH_BCE_CLAMP = 100.0
"""PyTorch's `BCELoss` takes no logarithm below −100."""
TOLERANCE = 0.01
"""A curve lies on a landmark when it is within 1% of it."""


def uniform_guess(classes: int) -> float:
    """ln K: cross-entropy of an answer that gives every class the same probability."""
    return log(classes) if classes > 0 else float("nan")


def smoothed_prior(priors: npt.NDArray[np.float64], smoothing: float) -> float:
    """Cross-entropy of the best constant guess when labels are smoothed towards uniform."""
    q = (1 - smoothing) * priors + smoothing / max(len(priors), 1)
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


def smoothed_floor(classes: int, smoothing: float) -> float:
    """Least cross-entropy that any answer can reach when labels are smoothed; 0 without
    smoothing."""
    if classes < 2 or smoothing <= 0:
        return 0.0
    right, wrong = 1 - smoothing + smoothing / classes, smoothing / classes
    return -(right * log(right) if right > 0 else 0.0) - (classes - 1) * wrong * log(wrong)


def binary_prior(priors: npt.NDArray[np.float64], smoothing: float = 0.0) -> float:
    """Mean binary cross-entropy of guessing each output's share of yes."""
    if len(priors) == 0:
        return float("nan")
    p = np.clip(priors * (1 - smoothing) + smoothing / 2, 1e-300, 1.0)
    rest = np.clip(1 - p, 1e-300, 1.0)
    return float(np.mean(-p * np.log(p) - rest * np.log(rest)))


def binary_floor(smoothing: float) -> float:
    """Least binary cross-entropy with smoothed labels."""
    return binary_prior(np.array([1.0]), smoothing) if smoothing > 0 else 0.0


def double_softmax_floor(classes: int) -> float:
    """ln(1 + (K − 1)/e): least cross-entropy when the loss takes the softmax of probabilities.

    Probabilities lie in 0 to 1, so the right class leads the others by at most 1.
    """
    return log(1 + (classes - 1) / e)


def double_sigmoid_floor(yes_share: float) -> float:
    """Least binary cross-entropy when the loss takes the sigmoid of a probability.

    A yes is answered with at most σ(1), a no with at least σ(0) = 1/2.
    """
    return yes_share * log(1 + exp(-1)) + (1 - yes_share) * log(2)


def constant_yes(no_share: float, *, clamp: float) -> float:
    """Binary cross-entropy of an answer that is always exactly 1: the share of no times the
    clamp."""
    return no_share * clamp


def clipped_share(loss: float) -> float:
    """Share of images answered wrongly with full confidence that makes this loss under Keras'
    clip."""
    return loss / KERAS_CLIP


def on(value: float, landmark: float) -> bool:
    """Whether the value lies on the landmark, within `TOLERANCE`."""
    return bool(np.isfinite(value)) and abs(value - landmark) <= (TOLERANCE + 1e-9) * abs(landmark)


def named(loss: float, priors: npt.NDArray[np.float64], *, binary: bool, clipped: bool) -> str:
    """What a cross-entropy that lies on a landmark says, as a clause; empty where it lies on none.

    `priors`: class shares, or the one share of yes when `binary`. `clipped`: the framework clips
    probabilities at 1e-7 as Keras does (else logarithms at −100 as PyTorch does).
    """
    shares = np.array([1 - priors[0], priors[0]]) if binary and len(priors) == 1 else priors
    if len(shares) < 2:
        return ""
    wrong = 1 - float(shares.max())
    each = TORCH_BCE_CLAMP if not clipped else KERAS_CLIP_BINARY if binary else KERAS_CLIP
    if (clipped or binary) and wrong > 0 and on(loss, wrong * each):
        return (
            f"{wrong:.0%} of the images wrong with full confidence, at {each:.4g} each, make "
            f"{wrong * each:.4g}: the answers are frozen where the logarithm is clipped"
        )
    if not binary and on(loss, uniform_guess(len(shares))):
        return f"ln {len(shares)} = {uniform_guess(len(shares)):.4g} is the loss of knowing nothing"
    return ""


def bit_identical(values: npt.NDArray[np.float64], at_least: int = 5) -> bool:
    """Whether the last `at_least` values are the same to the last bit: nothing is learnt from
    them."""
    tail = values[-at_least:]
    return len(tail) == at_least and bool(np.isfinite(tail).all()) and bool((tail == tail[0]).all())
