"""S20: the courses that a loss can take instead of down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import Targets, WeightUpdate
from snellen.symptoms.training.loss_curve import LossCurve
from symptoms.build import (
    HARMED,
    UNHARMED,
    conv,
    finding,
    given,
    grade,
    head,
    inline,
    labels,
    moment,
    subject,
    update,
    values,
    yes_or_no,
)
from symptoms.data_builders import CE, TEN

BCE = {"name": "binary_cross_entropy", "expects": "probabilities", "reduction": "mean"}
MSE = {"name": "mse", "expects": "values", "reduction": "mean"}
rng = np.random.default_rng(0)


def losing(
    train: Sequence[float],
    *,
    targets: Targets | None = TEN,
    loss: dict[str, Any] = CE,
    sizes: Sequence[float] = (),
    **changes: Any,
) -> Subject:
    """A training with this loss; layers whose updates have these relative sizes."""
    history = dict(given(targets)) if targets else {}
    layers = [conv(f"conv{i}", index=i) for i in range(len(sizes))] or [conv()]
    for layer, size in zip(layers, sizes, strict=False):
        history |= inline(
            layer.name, WeightUpdate, "", *((s, update(size=size)) for s in (300, 600, 900))
        )
    facts = {"loss": loss} | dict(changes.pop("facts", {}))
    return subject(*layers, head(), history=history, facts=facts, train=train, **changes)


def kind(watched: Subject) -> str:
    """The kind of the finding; `""` where there is none."""
    if grade(LossCurve(), watched, "") == "clear":
        return ""
    return getattr(finding(LossCurve(), watched).evidence, "kind", "")


def falling(end: float, noise: float = 0.1, steps: int = 1000) -> np.ndarray[Any, Any]:
    t = np.linspace(0, 1, steps)
    return end + (2.3 - end) * np.exp(-6 * t) + noise * rng.normal(size=steps)


@pytest.mark.parametrize(
    "train",
    [
        pytest.param(falling(0.05), id="down to zero"),
        pytest.param(falling(0.05, steps=100), id="ten epochs of ten steps"),
        pytest.param(falling(0.9, noise=0.3), id="noisy batches, a high floor"),
        pytest.param(np.linspace(2.3, 1.0, 1000), id="still falling"),
        pytest.param(np.linspace(2.3, 0.14, 230), id="a short one that still improves"),
        pytest.param([2.3] * 100 + falling(0.1, steps=900).tolist(), id="a late start"),
        pytest.param(
            np.concatenate([falling(0.1, 0.01, 500), [5.0], falling(0.1, 0.01, 499)]), id="one leap"
        ),
    ],
)
def test_healthy_courses(train: Any) -> None:
    assert grade(LossCurve(), losing(train, sizes=[1e-3, 2e-3]), "", HARMED) == "clear"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (3.4, "clear"),
        (3.5, "warning"),
        (6.8, "warning"),
        (7.0, "error"),
        (40.0, "error"),
        (float("nan"), "error"),
    ],
)
def test_divergence(end: float, expected: str) -> None:
    train = np.concatenate([np.full(50, 2.3), np.linspace(2.3, end, 50), np.full(900, end)])
    # A plateau above guessing is none of its own.
    assert grade(LossCurve(), losing(train), "", HARMED) in (expected, "warning")
    weighted = losing(train, loss=CE | {"class_weight": True})
    assert grade(LossCurve(), weighted, "", HARMED) == expected
    if np.isfinite(end) and expected != "clear":
        assert kind(losing(train)) == "divergence"
        # Of two models trained against each other one may lose: no harm is seen in that.
        assert grade(LossCurve(), weighted, "", UNHARMED) == "note"


def test_an_explosion_in_the_first_steps_is_measured_from_the_very_first() -> None:
    train = [2.3, 1e15, 1e15] + [1e11] * 997
    assert kind(losing(train)) == "divergence"


def test_a_sum_of_squares_may_begin_low_and_compare_with_guessing() -> None:
    low = np.concatenate([np.full(100, 0.01), np.full(900, 0.9)])
    watched = losing(low, targets=values(1.0), loss=MSE)
    assert "divergence" not in str(grade(LossCurve(), watched, "", UNHARMED))
    assert kind(losing(low * 2, targets=values(1.0), loss=MSE)) == "divergence"


def epochs(means: Sequence[float], noise: float = 0.05) -> np.ndarray[Any, Any]:
    return np.concatenate([m + noise * rng.normal(size=100) for m in means])


@pytest.mark.parametrize(
    ("means", "noise", "expected"),
    [
        pytest.param([2.3, 1.5, 0.9, 0.5, 0.4] + [0.3] * 5, 0.3, "", id="noise of batches"),
        pytest.param([2.3, 1.5, 1, 1.2, 2, 1.1, 2.1, 1, 2, 1.1], 0.1, "oscillation", id="swings"),
        pytest.param([2.3, 1.5, 1, 1.2, 1, 1.2, 1.0, 1.1, 0.9, 1.1], 0.1, "", id="small ones"),
        pytest.param(np.linspace(2.3, 0.2, 10), 0.05, "", id="a steady fall"),
    ],
)
def test_oscillation(means: Sequence[float], noise: float, expected: str) -> None:
    assert kind(losing(epochs(means, noise))) == expected


def test_swings_within_the_noise_of_batches() -> None:
    means = [2.3, 1.5, 1, 0.2, 0.9, 0.1, 0.9, 0.2, 0.9, 0.1]
    assert kind(losing(epochs(means, 0.1))) == "oscillation"
    assert kind(losing(epochs(means, 6.0))) != "oscillation"


def test_swings_around_a_high_loss_are_harm_in_themselves() -> None:
    high = epochs([2.3, 1.5, 1, 1.2, 2, 1.1, 2.1, 1, 2, 1.1])
    assert grade(LossCurve(), losing(high), "", UNHARMED) == "warning"
    low = epochs([2.3, 1, 0.4, 0.1, 0.6, 0.1, 0.7, 0.1, 0.6, 0.1])
    assert grade(LossCurve(), losing(low), "", UNHARMED) == "note"


def test_restarts_swing_on_purpose() -> None:
    means = [2.3, 1.5, 1, 1.2, 2, 1.1, 2.1, 1, 2, 1.1]
    rates = [1e-2, 1e-3, 1e-2, 1e-3, 1e-2]
    moments = [moment(s, learning_rate=r) for s, r in zip(range(0, 1000, 200), rates, strict=True)]
    watched = losing(epochs(means), moments=moments)
    assert grade(LossCurve(), watched, "", UNHARMED) == "clear"


@pytest.mark.parametrize(("leaps", "expected"), [(3, "clear"), (4, "warning")])
def test_spikes(leaps: int, expected: str) -> None:
    train = falling(0.1, 0.01)
    train[300 : 300 + 100 * leaps : 100] = 5.0
    watched = losing(train)
    assert grade(LossCurve(), watched, "", HARMED) == expected
    assert grade(LossCurve(), watched, "", UNHARMED) == expected.replace("warning", "note")


def test_the_noise_of_a_loss_that_is_nearly_zero_is_no_spike() -> None:
    train = falling(0.001, 0.0)
    train[500::20] = 0.5
    assert grade(LossCurve(), losing(np.abs(train)), "", HARMED) == "clear"


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        pytest.param(losing([2.303] * 1000), "plateau at the prior loss", id="guessing"),
        pytest.param(losing([2.21] * 1000), "plateau at the prior loss", id="within 5%"),
        pytest.param(losing(epochs([2.3, 1.5] + [1.3] * 8)), "plateau", id="half way"),
        pytest.param(
            losing([0.7, *[1.612] * 999], targets=yes_or_no(100, 10), loss=CE, framework="torch"),
            "divergence",
            id="above guessing, in a framework without that clip",
        ),
        pytest.param(
            losing(
                [2.0] + [1.594] * 999,
                targets=yes_or_no(100, 10),
                loss=BCE,
                framework="keras-jax",
            ),
            "plateau at a clip constant",
            id="clipped in Keras",
        ),
        pytest.param(
            losing([9.0] + [10.0] * 999, targets=yes_or_no(100, 10), loss=BCE),
            "plateau at a clip constant",
            id="clamped in PyTorch",
        ),
    ],
)
def test_plateaus(watched: Subject, expected: str) -> None:
    assert kind(watched) == expected


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_label_smoothing_raises_the_floor(smoothing: float) -> None:
    loss = CE | {"label_smoothing": smoothing}
    watched = losing(epochs([2.3, 1.6] + [1.3] * 8), loss=loss)
    assert grade(LossCurve(), watched, "") == ("warning" if smoothing == 0 else "clear")


def test_a_plateau_is_harm_only_where_the_outcome_says_so() -> None:
    assert grade(LossCurve(), losing([2.303] * 1000), "", UNHARMED) == "note"
    mixed = losing([2.303] * 1000, loss=CE | {"labels": "probabilities"})
    assert grade(LossCurve(), mixed, "") == "clear"


CREEPING = np.linspace(2.3, 2.0, 1000)


@pytest.mark.parametrize(
    ("sizes", "facts", "expected"),
    [
        pytest.param([1e-4, 5e-5], {}, "warning", id="tiny updates in all layers"),
        pytest.param([3e-4, 3e-4], {}, "clear", id="usual updates"),
        pytest.param([1e-3, 1e-6, 1e-6], {}, "clear", id="in the first layers alone: vanishing"),
        pytest.param([1e-4, 0.0], {}, "clear", id="a frozen or dead layer"),
        pytest.param([1e-4], {"epochs": 2}, "clear", id="two epochs"),
        pytest.param([1e-4], {"loaded_weights": True}, "clear", id="fine-tuning"),
        pytest.param([1e-4], {"planned_steps": 2000}, "clear", id="broken off"),
        pytest.param([], {}, "clear", id="updates not seen"),
    ],
)
def test_slow(sizes: Sequence[float], facts: dict[str, Any], expected: str) -> None:
    watched = losing(CREEPING, sizes=sizes, facts=facts)
    assert grade(LossCurve(), watched, "", UNHARMED) == expected
    if expected != "clear":
        assert kind(watched) == "slow"


def test_a_loss_that_does_not_move_by_tiny_updates_is_slow() -> None:
    assert kind(losing(np.linspace(2.3, 2.29, 1000), sizes=[1e-4, 8e-5])) == "slow"


def test_a_low_rate_that_got_there_is_not_slow() -> None:
    assert grade(LossCurve(), losing(np.linspace(2.3, 0.2, 1000), sizes=[1e-4]), "") == "clear"


def test_sentences() -> None:
    def said(watched: Subject) -> str:
        return finding(LossCurve(), watched).evidence.sentence()

    assert said(losing([2.303] * 1000)) == (
        "the training loss went from 2.3 to 2.3 and stands still (guessing gives 2.3; allowed: 5% "
        "of the way from guessing at least)"
    )
    assert said(losing(CREEPING, sizes=[1e-4])) == (
        "the training loss went from 2.3 to 2.01 only; one update changes the weights by 1e-4 of "
        "their size (guessing gives 2.3; allowed: at least 2e-4)"
    )
    swinging = losing(epochs([2.3, 1.5, 1, 1.2, 2, 1.1, 2.1, 1, 2, 1.1]))
    assert said(swinging).startswith("the training loss swings by 0.4")
    leaping = falling(0.1, 0.01)
    leaping[300:700:100] = 5.0
    assert said(losing(leaping)) == (
        "the training loss leapt up 4 times by more than the loss of guessing and came back "
        "(guessing gives 2.3; allowed: 3 times)"
    )
    clamped = losing([9.0] + [10.0] * 999, targets=yes_or_no(100, 10), loss=BCE)
    assert said(clamped) == (
        "the training loss stands at 10, the constant 10 of answers that are wrong and fully sure "
        "(allowed: none)"
    )
    none = losing([1.0] * 50 + [float("nan")] * 50, targets=None)
    assert said(none) == (
        "the training loss began at 1 and ended not finite (allowed: 1.5 times the start)"
    )
    assert finding(LossCurve(), none).step == 504


def test_too_little_to_go_on() -> None:
    assert grade(LossCurve(), losing([2.3] * 11), "") == "undecided"
    assert grade(LossCurve(), subject(conv()), "") == "undecided"
    assert grade(LossCurve(), subject(head(), train=[2.3] * 1000), "") == "silent"
    assert grade(LossCurve(), losing(falling(0.1), targets=labels(100)), "") == "clear"
