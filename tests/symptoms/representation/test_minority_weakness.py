"""S16: finds a rare class that is missed, says what is at fault, and trusts one that is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.core import Finding
from snellen.record import Subject
from snellen.stats import ClassResponse, Features, ImageAnswers, Predictions, Targets
from snellen.symptoms import Healthy, Suspicion
from snellen.symptoms.classwise import HELD_OUT
from snellen.symptoms.representation.minority_weakness import MinorityWeakness
from symptoms.build import (
    UNHARMED,
    answers,
    conv,
    finding,
    given,
    head,
    labels,
    probe,
    sentence,
    subject,
    values,
    verdicts_of,
    yes_or_no,
)
from symptoms.richer import class_features, image_answers, response

NET = (conv("conv", channels=4), head(inputs=("conv",)))


def watched(
    right: Sequence[int],
    present: Sequence[int],
    *,
    counts: Targets | None = None,
    held_out: tuple[Sequence[int], Sequence[int]] | None = None,
    features: Features | None = None,
    strength: tuple[float, float] | None = None,
    step: int = 1000,
) -> Subject:
    """A training whose probe was answered like this; classes of 900 and 100 images by default."""
    history: dict[Any, Any] = given(counts if counts is not None else labels(900, 100))
    history |= probe("", Predictions, "", (step, answers(present, right, present)))
    if held_out is not None:
        seen = answers(held_out[1], held_out[0], held_out[1])
        history |= probe("", Predictions, HELD_OUT, (step, seen))
    classes = np.repeat(np.arange(len(present)), present)
    history |= probe("", ImageAnswers, "", (step, image_answers(classes)))
    if features is not None:
        history |= probe("conv", Features, "post", (step, features))
    if strength is not None:
        looks = [
            (s, response([[1.0] * 4, [q] * 4])) for s, q in zip((0, step), strength, strict=True)
        ]
        history |= probe("conv", ClassResponse, "post", *looks)
    return subject(*NET, history=history)


def severity(seen: Subject) -> str:
    """The finding's severity, wherever it lies, though the outcome is unharmed."""
    found = list(verdicts_of(MinorityWeakness(), seen, UNHARMED).values())
    assert len(found) <= 1
    if not found:
        return "silent"
    return str(found[0].severity) if isinstance(found[0], Finding) else type(found[0]).__name__


@pytest.mark.parametrize(
    ("right", "present", "expected"),
    [
        pytest.param([160, 0], [160, 160], "warning", id="never found"),
        pytest.param([160, 60], [160, 160], "warning", id="60 of 160"),
        pytest.param([160, 80], [160, 160], "Clear", id="half"),
        pytest.param([160, 150], [160, 160], "Clear", id="found"),
        pytest.param([90, 1], [90, 10], "warning", id="1 of 10"),
        pytest.param([90, 2], [90, 10], "Clear", id="2 of 10 may be chance"),
        pytest.param([1, 0], [2, 2], "Undecided", id="the common class is not found either"),
        pytest.param([2, 0], [2, 1], "Clear", id="one image proves nothing"),
    ],
)
def test_both_sides_of_the_recall(right: list[int], present: list[int], expected: str) -> None:
    assert severity(watched(right, present)) == expected


def test_its_p_value_is_that_of_the_worst_of_all_tests() -> None:
    def p_value(seen: Subject) -> float | None:
        (opinion,) = MinorityWeakness().opinions(seen)
        assert isinstance(opinion, Suspicion | Healthy)
        return opinion.p_value

    assert p_value(watched([90, 3], [90, 10])) == pytest.approx(0.171875)
    both = watched([90, 3], [90, 10], held_out=([90, 9], [90, 10]))
    assert p_value(both) == pytest.approx(2 * 0.171875)
    assert isinstance(next(iter(MinorityWeakness().opinions(both))), Healthy)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param(labels(200, 100), "warning", id="2 to 1"),
        pytest.param(labels(199, 100), "Clear", id="less than 2 to 1"),
        pytest.param(labels(100, 900), "Undecided", id="the common class is the one missed"),
        pytest.param(labels(900, 0), "Clear", id="no image of it was seen"),
        pytest.param(yes_or_no(1000, 100), "warning", id="yes or no"),
        pytest.param(values(2.0), "silent", id="regression"),
    ],
)
def test_only_rare_classes_are_judged(counts: Targets, expected: str) -> None:
    assert severity(watched([160, 0], [160, 160], counts=counts)) == expected


def test_an_imbalance_of_3_to_1_that_works_is_silent() -> None:
    held_out = ([0, 110], [0, 113])
    found = watched([160, 61], [160, 61], counts=labels(183, 61), held_out=held_out)
    assert severity(found) == "Clear"


def test_a_hard_class_among_many_equal_ones_is_not_a_minority() -> None:
    right, present = [30] * 9 + [10], [32] * 10
    assert severity(watched(right, present, counts=labels(*[100] * 10))) == "Clear"


def test_a_network_that_learnt_nothing_has_no_minority_problem() -> None:
    counts = labels(*[100] * 9, 10)
    assert severity(watched([4] * 9 + [0], [32] * 10, counts=counts)) == "Undecided"


def test_a_rare_class_among_many_is_found_out() -> None:
    counts = labels(*[100] * 9, 3)
    seen = watched([31] * 9 + [2], [32] * 9 + [32], counts=counts)
    assert finding(MinorityWeakness(), seen).evidence.class_number == 9  # type: ignore[attr-defined]


def separate(apart: float) -> Features:
    return class_features(np.repeat([0, 1], 160), apart=apart)


def test_a_class_that_the_maps_tell_apart_is_the_heads_fault() -> None:
    found = finding(MinorityWeakness(), watched([160, 0], [160, 160], features=separate(5.0)))
    assert found.place.layer == "head"
    assert found.evidence.sentence() == (
        "class 1, 10% of what was trained on, is found in 0 of 160 training images, other classes "
        "in 100% (allowed: 50% of that); its maps tell it apart (a balanced probe finds 100%): the "
        "decision is at fault"
    )


def test_a_class_that_is_learnt_by_heart_is_scarce() -> None:
    seen = watched([160, 160], [160, 160], held_out=([90, 1], [90, 10]), features=separate(5.0))
    found = finding(MinorityWeakness(), seen)
    assert found.place.layer == ""
    assert found.evidence.sentence() == (
        "class 1, 10% of what was trained on, is found in 1 of 10 held-out images, other classes in"
        " 100% (allowed: 50% of that); of its training images 100% are found: too few to learn from"
    )


def test_a_class_of_a_handful_of_images_is_scarce_whatever_else_it_is() -> None:
    seen = watched([160, 0], [160, 4], counts=labels(900, 4), held_out=([90, 0], [90, 30]))
    assert sentence(MinorityWeakness(), seen).endswith("; it had 4 images to learn from")
    more = watched([160, 0], [160, 4], counts=labels(900, 10), held_out=([90, 0], [90, 30]))
    assert sentence(MinorityWeakness(), more).endswith("(allowed: 50% of that)")


def test_a_class_that_no_probe_finds_has_bad_features() -> None:
    # Noise is told apart in half of the cases: that is no reason to blame the head.
    found = finding(MinorityWeakness(), watched([160, 0], [160, 160], features=separate(0.0)))
    assert found.place.layer == "conv"
    assert "its maps don't tell it apart (a balanced probe finds" in found.evidence.sentence()


@pytest.mark.parametrize(
    ("strength", "weak"), [((0.8, 0.3), True), ((0.8, 0.7), False), ((0.3, 0.3), False)]
)
def test_weak_maps_are_weak_against_how_they_began(
    strength: tuple[float, float], weak: bool
) -> None:
    seen = watched([160, 0], [160, 160], features=separate(0.0), strength=strength)
    assert ("its maps are weak" in sentence(MinorityWeakness(), seen)) is weak


def test_without_features_the_cause_is_left_open() -> None:
    found = finding(MinorityWeakness(), watched([160, 0], [160, 160]))
    assert found.place.layer == ""
    assert found.evidence.sentence().endswith("(allowed: 50% of that)")


def test_the_warm_up_is_not_judged_and_nothing_known_is_undecided() -> None:
    assert severity(watched([160, 0], [160, 160], step=50)) == "Undecided"
    assert severity(subject(*NET, history=given(labels(900, 100)))) == "Undecided"
    assert severity(subject(*NET)) == "silent"
