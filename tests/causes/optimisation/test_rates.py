"""C20 and C21: learning rates that are too high or too low."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causes.cases import ask, belief, case, found, plus, present, remedies
from snellen.causes.coding import usual_rate
from snellen.causes.optimisation.bad_initialisation import BadInitialisation
from snellen.causes.optimisation.learning_rate_too_high import LearningRateTooHigh
from snellen.causes.optimisation.learning_rate_too_low import LearningRateTooLow
from snellen.causes.optimisation.weight_decay_too_strong import WeightDecayTooStrong
from snellen.record import Clock, Moment, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from symptoms.build import conv, head, inline, maps, probe, subject, update, weights
from symptoms.data_builders import answering, recalls

ADAM = {"optimizer": "Adam", "learning_rate": 1e-3, "batch_size": 32}
JUMP = [2.3, 30.0, 9.0, *[2.31] * 97]


def net(
    *,
    dead: tuple[int, int] = (0, 0),
    onset: int = 10,
    looked: int = 0,
    drift: float = 0.1,
    size: float = 1e-3,
    growth: float = 1.0,
    moved: float = 0.3,
    train: Any = None,
    **facts: Any,
) -> Subject:
    """One layer of 8 channels, of which so many are silent before training, up to
    the look at `looked`, and from `onset` on."""
    before, after = (maps(silent=range(n)) for n in dead)
    looks = [(0, before), *([(looked, before)] if looked else []), (onset, after), (1000, after)]
    return plus(
        subject(conv(), head(), facts=ADAM | facts, train=train),
        probe("conv", MapSummary, "post", *looks),
        probe("conv", WeightState, "", (1000, weights(growth=growth, moved=moved))),
        inline(
            "conv", WeightUpdate, "", (2, update(size=size, drift=drift)), (800, update(size=size))
        ),
    )


def thrown(**changes: Any) -> Subject:
    """All that a rate of 1.0 under Adam does."""
    about = {"dead": (0, 8), "drift": 80.0, "size": 0.1, "growth": 50.0, "train": JUMP}
    return net(**about | {"learning_rate": 1.0} | changes)


def still(**changes: Any) -> Subject:
    """All that a rate of 1e-6 does."""
    falling = list(np.linspace(2.31, 2.28, 200))
    about = {"size": 1e-6, "drift": 1e-3, "moved": 1e-3, "train": falling, "learning_rate": 1e-6}
    return net(**about | changes)


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        ("first-steps-shift-the-maps", {"drift": 2.9}, False),
        ("first-steps-shift-the-maps", {"drift": 3.1}, True),
        ("updates-too-large", {"size": 0.019}, False),
        ("updates-too-large", {"size": 0.021}, True),
        ("loss-jumped", {"train": [2.0, 3.9, *[1.0] * 98]}, False),
        ("loss-jumped", {"train": [2.0, 4.1, *[1.0] * 98]}, True),
        ("channels-died-early", {"dead": (0, 1)}, False),
        ("channels-died-early", {"dead": (0, 4), "onset": 100}, True),
        ("channels-died-early", {"dead": (0, 4), "onset": 150, "looked": 100}, None),
        ("channels-died-early", {"dead": (0, 4), "onset": 150, "looked": 101}, False),
        ("dead-from-the-start", {"dead": (0, 2)}, None),
        ("dead-from-the-start", {"dead": (4, 8)}, False),
        ("dead-from-the-start", {"dead": (6, 8)}, True),
        ("filters-grew", {"growth": 1.79}, False),
        ("filters-grew", {"growth": 1.81}, True),
        ("filters-shrank", {"growth": 0.31}, False),
        ("filters-shrank", {"growth": 0.29}, True),
        ("rate-beyond-the-usual", {"learning_rate": 7.9e-3}, False),
        ("rate-beyond-the-usual", {"learning_rate": 8.1e-3}, True),
        ("rate-below-the-usual", {"learning_rate": 6.1e-4}, False),
        ("rate-below-the-usual", {"learning_rate": 5.9e-4}, True),
    ],
)
def test_clues_of_a_high_rate(key: str, changes: dict[str, Any], expected: bool | None) -> None:
    assert present(LearningRateTooHigh, key, case(net(**changes))) is expected


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        ("every-update-is-tiny", {"size": 2.1e-4}, False),
        ("every-update-is-tiny", {"size": 1.9e-4}, True),
        ("every-update-is-tiny", {"size": 0.0}, None),
        ("weights-stayed", {"moved": 0.061}, False),
        ("weights-stayed", {"moved": 0.059}, True),
        ("weights-stayed", {"moved": 0.0}, False),
        ("rate-below-the-usual", {"learning_rate": 4.1e-5}, False),
        ("rate-below-the-usual", {"learning_rate": 3.9e-5}, True),
        ("rate-usual-or-higher", {"learning_rate": 4.9e-4}, False),
        ("rate-usual-or-higher", {"learning_rate": 5.1e-4}, True),
        ("loss-comes-down-slowly", {"train": list(np.linspace(2.3, 1.9, 200))}, True),
        ("loss-comes-down-slowly", {"train": [2.3] * 200}, False),
        ("channels-died", {"dead": (0, 0)}, False),
        ("channels-died", {"dead": (0, 1)}, True),
    ],
)
def test_clues_of_a_low_rate(key: str, changes: dict[str, Any], expected: bool | None) -> None:
    assert present(LearningRateTooLow, key, case(net(**changes))) is expected


def test_steps_between_usual_ones_and_leaps_say_less() -> None:
    key = "first-steps-shift-the-maps"
    trust = [ask(LearningRateTooHigh, key, case(net(drift=d))).reliability for d in (0.9, 2, 2.9)]
    assert trust == pytest.approx([1.0, 0.5, 0.05])


@pytest.mark.parametrize(
    ("end", "right", "learnt"), [(0.3, 10, True), (0.4, 10, False), (0.3, 9, False)]
)
def test_what_was_learnt_speaks_against_it(end: float, right: int, learnt: bool) -> None:
    answered = answering(
        recalls(*[right / 10] * 10, each=10), train=[2.3] * 10 + [end] * 90, facts=ADAM
    )
    key = "training-images-were-learnt"
    assert present(LearningRateTooHigh, key, case(answered)) is learnt


def test_sums_of_gradients_are_not_the_rate() -> None:
    kept = {"gradient_steps": 100, "gradients_kept": 90}
    key = "gradients-pile-up"
    assert present(LearningRateTooHigh, key, case(thrown(**kept))) is True
    fresh = kept | {"gradients_kept": 0}
    assert present(LearningRateTooHigh, key, case(thrown(**fresh))) is False
    assert present(LearningRateTooHigh, key, case(thrown())) is None
    sums, rate = (belief(LearningRateTooHigh, case(thrown(**k))) for k in (kept, fresh))
    assert sums < rate


@pytest.mark.parametrize(
    ("highest", "used", "expected"),
    [(255.0, 7.9e-3, True), (255.0, 8.1e-3, False), (1.0, 1e-3, False)],
)
def test_raw_pixels_at_a_usual_rate_are_another_cause(
    highest: float, used: float, expected: bool
) -> None:
    pixels = maps(channels=1, mean=highest / 3, std=highest / 3, minimum=0.0, maximum=highest)
    seen = probe("", MapSummary, "input", (0, pixels))
    about = case(plus(thrown(learning_rate=used), seen))
    key = "usual-rate-on-images-out-of-range"
    assert present(LearningRateTooHigh, key, about) is expected
    without = belief(LearningRateTooHigh, case(thrown(learning_rate=used)))
    assert (belief(LearningRateTooHigh, about) < without - 0.05) is expected


def test_sgd_may_kill_without_growing_filters() -> None:
    grown, same = (
        belief(LearningRateTooHigh, case(net(growth=growth, optimizer="SGD", learning_rate=0.05)))
        for growth in (2.0, 1.0)
    )
    adam = belief(LearningRateTooHigh, case(net(growth=1.0)))
    sgd = belief(LearningRateTooHigh, case(net(growth=1.0, optimizer="SGD", learning_rate=0.05)))
    assert grown > same
    assert sgd > adam


def test_pushed_down_channels_are_measured_from_where_they_began() -> None:
    for shift, expected in ((-1.9, False), (-2.1, True)):
        about = plus(
            net(dead=(0, 8)),
            probe("conv", MapSummary, "pre", (0, maps()), (1000, maps(mean=shift))),
        )
        key = "silent-channels-were-pushed-down"
        assert present(LearningRateTooHigh, key, case(about)) is expected


def test_each_is_believed_where_it_holds_and_not_elsewhere() -> None:
    high, low = case(thrown()), case(still())
    assert belief(LearningRateTooHigh, high) > 0.95
    assert belief(LearningRateTooLow, low) > 0.95
    assert belief(LearningRateTooLow, high) < 0.05
    assert belief(LearningRateTooHigh, low) < 0.05
    assert belief(WeightDecayTooStrong, high) < 0.05


def test_death_before_the_first_step_is_not_the_rate() -> None:
    born_dead = case(net(dead=(8, 8)), found("S08", step=0))
    assert belief(LearningRateTooHigh, born_dead) < 0.1
    assert belief(BadInitialisation, born_dead) > belief(LearningRateTooHigh, born_dead)


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_name_the_new_rate(keras: bool) -> None:
    first, *_ = remedies(LearningRateTooHigh, case(thrown(), keras=keras))
    assert first.title == "Lower the learning rate from 1.0 to 0.001"
    option = "learning_rate=0.001" if keras else "lr=0.001"
    assert option in first.code
    higher, *_ = remedies(LearningRateTooLow, case(still(), keras=keras))
    assert higher.title.startswith("Raise the learning rate from 1e-06 to ")


def scheduled(*rates: tuple[int, float], moved: float = 0.3) -> Subject:
    """Of 1000 steps, with these rates in force after so many of them."""
    told = [Moment(step, Clock.PROBE, None, 0.0, 0.0, {"learning_rate": r}) for step, r in rates]
    last = rates[-1][1]
    bare = net(size=1e-3, moved=moved, optimizer="SGD", learning_rate=last)
    return replace(bare, moments=tuple(told))


@pytest.mark.parametrize(
    ("rates", "below"),
    [
        # Cosine and steps: nothing is left at the end, as it is meant.
        ([(0, 0.05), (300, 0.04), (500, 0.025), (990, 1e-5), (1000, 0.0)], False),
        ([(0, 0.1), (500, 0.01), (750, 0.001)], False),
        # A warm-up.
        ([(0, 1e-6), (200, 0.02), (900, 0.05)], False),
        # Epochs counted where batches were meant.
        ([(0, 0.05), (5, 0.02), (10, 0.0), (500, 0.0), (1000, 0.0)], True),
        ([(0, 0.05), (290, 0.05), (301, 0.001), (900, 0.001)], True),
        ([(0, 0.05), (290, 0.05), (301, 0.003), (900, 0.001)], False),
    ],
)
def test_a_rate_that_fell_early_is_too_low(rates: list[tuple[int, float]], below: bool) -> None:
    about = case(scheduled(*rates))
    assert present(LearningRateTooLow, "rate-below-the-usual", about) is below
    if below:
        said = ask(LearningRateTooLow, "rate-below-the-usual", about).sentence
        assert "fell from 0.05 after step" in said


def test_what_moved_before_the_rate_fell_says_nothing() -> None:
    about = case(scheduled((0, 0.05), (10, 0.0), (1000, 0.0), moved=0.3))
    for key in ("every-update-is-tiny", "weights-stayed"):
        assert present(LearningRateTooLow, key, about) is None
    first, *_ = remedies(LearningRateTooLow, about)
    assert first.title == "Let the schedule last for all 1000 steps"


@pytest.mark.parametrize(
    ("optimizer", "usual"),
    [("SGD", 0.05), ("Adam", 1e-3), ("AdamW", 1e-3), ("Adagrad", 1e-2), ("Adadelta", 1.0)],
)
def test_what_is_usual_depends_on_the_optimiser(optimizer: str, usual: float) -> None:
    about = case(net(optimizer=optimizer, learning_rate=usual))
    assert usual_rate(about) == usual
    assert present(LearningRateTooLow, "rate-below-the-usual", about) is False
    assert present(LearningRateTooLow, "rate-usual-or-higher", about) is True
