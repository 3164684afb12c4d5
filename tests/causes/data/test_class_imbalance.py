"""C02: unequal classes, and what only looks like them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    LEARNT,
    asked,
    belief,
    case,
    dead,
    images,
    in_keras,
    recalls,
    remedies,
    state,
)
from snellen.causes.data.class_imbalance import ClassImbalance, balanced_weights
from snellen.causes.measures.labels import Classes
from symptoms.build import labels, yes_or_no
from symptoms.data_builders import answering, replied

UNEQUAL = labels(*[100] * 9, 10)
MISSED = recalls(*[1.0] * 9, 0.0)


@pytest.mark.parametrize(
    ("rare", "unequal", "apart"),
    [(100, "absent", "absent"), (26, "absent", "absent"), (25, "present", "absent"),
     (13, "present", "absent"), (12, "present", "present")],
)  # fmt: skip
def test_counts_labels(rare: int, unequal: str, apart: str) -> None:
    watched = case(answering(LEARNT, targets=labels(*[100] * 9, rare)))
    assert state(ClassImbalance, "classes-unequal", watched) == unequal
    assert state(ClassImbalance, "classes-far-apart", watched) == apart


def test_other_labels_have_no_classes() -> None:
    watched = case(answering(targets=None))
    assert state(ClassImbalance, "classes-unequal", watched) == "unmeasured"
    assert state(ClassImbalance, "rare-classes-missed", watched) == "unmeasured"


def test_counts_of_sorted_batches_weigh_little() -> None:
    mixed = case(answering(LEARNT, None, images(), targets=UNEQUAL))
    in_order = case(answering(LEARNT, None, images(label_entropy=0.1), targets=UNEQUAL))
    key = "classes-unequal"
    assert asked(ClassImbalance, key, in_order).reliability < 0.5
    assert asked(ClassImbalance, key, mixed).reliability == 1


@pytest.mark.parametrize(
    ("training", "unseen", "targets", "expected"),
    [
        (MISSED, None, UNEQUAL, "present"),
        (LEARNT, MISSED, UNEQUAL, "present"),
        (MISSED, LEARNT, UNEQUAL, "absent"),
        (LEARNT, None, UNEQUAL, "absent"),
        # Where the others fail as well, being rare is not the reason.
        (recalls(*[0.3] * 9, 0.0), None, UNEQUAL, "absent"),
        (recalls(*[0.5] * 9, 0.0), None, UNEQUAL, "present"),
        (recalls(*[1.0] * 9, 0.5), None, UNEQUAL, "absent"),
        (MISSED, None, labels(*[100] * 10), "unmeasured"),
    ],
)
def test_rare_classes_are_missed(training: Any, unseen: Any, targets: Any, expected: str) -> None:
    watched = case(answering(training, unseen, targets=targets))
    assert state(ClassImbalance, "rare-classes-missed", watched) == expected


def test_answers_lean() -> None:
    key = "answers-lean-to-the-commonest"
    label = np.repeat([0, 1], [90, 10])
    always = answering(replied(label, np.zeros(100, np.int64)), targets=yes_or_no(100, 10))
    rightly = answering(replied(label, label), targets=yes_or_no(100, 10))
    assert state(ClassImbalance, key, case(always)) == "present"
    assert state(ClassImbalance, key, case(rightly)) == "absent"
    assert state(ClassImbalance, key, case(answering(LEARNT))) == "unmeasured"


def test_answers_of_a_dead_network_weigh_little() -> None:
    alive = case(answering(MISSED, targets=UNEQUAL))
    watched = dead(1.0, targets=UNEQUAL)
    statistics = {**watched.statistics, **alive.subject.statistics}
    import dataclasses

    lifeless = case(dataclasses.replace(watched, statistics=statistics))
    key = "rare-classes-missed"
    assert asked(ClassImbalance, key, alive).reliability == 1
    assert asked(ClassImbalance, key, lifeless).reliability < 0.5
    assert belief(ClassImbalance, lifeless) < belief(ClassImbalance, alive)


def test_scarcity_is_told_from_imbalance() -> None:
    key = "rare-classes-known-in-training-alone"
    scarce = case(answering(LEARNT, MISSED, targets=UNEQUAL))
    leaning = case(answering(MISSED, MISSED, targets=UNEQUAL))
    assert state(ClassImbalance, key, scarce) == "present"
    assert state(ClassImbalance, key, leaning) == "absent"
    assert state(ClassImbalance, key, case(answering(LEARNT))) == "unmeasured"


def test_a_weighing_loss_is_seen() -> None:
    key = "loss-weighs-classes"
    plain = case(answering(LEARNT, targets=UNEQUAL))
    weighing = {"name": "cross_entropy", "class_weight": True}
    assert state(ClassImbalance, key, plain) == "absent"
    assert (
        state(ClassImbalance, key, case(answering(LEARNT, facts={"loss": weighing}))) == "present"
    )
    assert state(ClassImbalance, key, case(answering(LEARNT, facts={"loss": {}}))) == "unmeasured"


def test_a_dead_network_speaks_against() -> None:
    assert state(ClassImbalance, "network-came-apart", case(dead(0.9))) == "present"
    assert state(ClassImbalance, "network-came-apart", case(dead(0.1))) == "absent"


def test_is_believed_where_it_holds_alone() -> None:
    assert belief(ClassImbalance, case(answering(MISSED, MISSED, targets=UNEQUAL))) > 0.9
    assert belief(ClassImbalance, case(answering(LEARNT, LEARNT))) < 0.05


def test_weights_give_each_class_the_same_sum() -> None:
    counts = np.array([90, 0, 10])
    weights = balanced_weights(Classes(counts))
    assert weights[0] * 90 == pytest.approx(weights[2] * 10)
    assert sum(w * n for w, n in zip(weights, counts, strict=True)) == pytest.approx(100)
    assert weights[1] == 1


@pytest.mark.parametrize("keras", [False, True])
def test_remedies_hold_weights_from_the_counts(keras: bool) -> None:
    watched = answering(MISSED, targets=labels(90, 10))
    weighed, adjusted = remedies(ClassImbalance, case(in_keras(watched) if keras else watched))
    assert "0.56" in weighed.code
    assert "5.0" in weighed.code
    assert "0.9, 0.1" in adjusted.code
    assert "never together" in weighed.costs


def test_one_output_is_weighed_by_its_yes() -> None:
    loss = {"name": "binary_cross_entropy_with_logits", "expects": "logits"}
    watched = answering(None, targets=yes_or_no(100, 10), facts={"loss": loss})
    weighed, adjusted = remedies(ClassImbalance, case(watched))
    assert "pos_weight = torch.tensor([9.0])" in weighed.code
    assert "0.1" in adjusted.code


def test_remedies_without_counts() -> None:
    remedies(ClassImbalance, case(answering(targets=None)))
