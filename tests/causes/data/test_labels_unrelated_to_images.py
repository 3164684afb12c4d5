"""C06: labels of other images, and networks that are at chance for other reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causes.data.cases import (
    GUESSED,
    HALF,
    LEARNT,
    Said,
    answering,
    asked,
    belief,
    case,
    clear,
    dead,
    found,
    held_out,
    images,
    in_keras,
    probe,
    recalls,
    remedies,
    state,
)
from snellen.causes.data.labels_unrelated_to_images import LabelsUnrelatedToImages
from snellen.core import Severity
from snellen.record import Clock
from snellen.stats import ImageAnswers, MaskFit, WeightState
from snellen.symptoms.data.labels_without_signal import OnlyByHeart
from symptoms.build import weights

ALMOST = recalls(*[0.2] * 10)


def moving(size: float) -> dict[Any, Any]:
    return probe("conv", WeightState, "", (1000, weights(moved=size)))


@pytest.mark.parametrize(
    ("training", "unseen", "expected"),
    [
        (LEARNT, GUESSED, "present"),
        (LEARNT, HALF, "absent"),
        (LEARNT, ALMOST, "absent"),
        (GUESSED, GUESSED, "unmeasured"),
        (LEARNT, None, "unmeasured"),
    ],
)
def test_known_by_heart_and_guessed(training: Any, unseen: Any, expected: str) -> None:
    watched = case(answering(training, unseen))
    key = "training-images-known-and-new-ones-guessed"
    assert state(LabelsUnrelatedToImages, key, watched) == expected


def test_held_out_images_on_another_scale_are_guessed_for_that() -> None:
    dark = held_out(mean=np.array([0.01]), std=np.array([0.01]))
    key = "training-images-known-and-new-ones-guessed"
    watched = case(answering(LEARNT, GUESSED, dark))
    assert state(LabelsUnrelatedToImages, key, watched) == "absent"


def test_a_handful_of_images_says_less() -> None:
    key = "training-images-known-and-new-ones-guessed"
    few = case(answering(LEARNT, GUESSED, facts={"training_images": 500}))
    many = case(answering(LEARNT, GUESSED, facts={"training_images": 510}))
    assert asked(LabelsUnrelatedToImages, key, few).reliability < 1
    assert asked(LabelsUnrelatedToImages, key, many).reliability == 1


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([found("S20"), found("S17"), found("S22")], "present"),
        ([found("S20"), found("S19", Severity.NOTE)], "present"),
        ([found("S20"), found("S19")], "absent"),
    ],
)
def test_nothing_else_is_amiss(verdicts: list[Any], expected: str) -> None:
    key = "nothing-else-is-amiss"
    stuck = answering(GUESSED, GUESSED, train=[2.3] * 100)
    assert state(LabelsUnrelatedToImages, key, case(stuck, *verdicts)) == expected
    learnt = answering(LEARNT, GUESSED, train=[2.3] * 10 + [0.1] * 90)
    assert state(LabelsUnrelatedToImages, key, case(learnt, *verdicts)) == "unmeasured"


@pytest.mark.parametrize(
    ("unseen", "expected"), [(HALF, "present"), (GUESSED, "absent"), (None, "unmeasured")]
)
def test_answers_for_new_images_speak_against(unseen: Any, expected: str) -> None:
    watched = case(answering(LEARNT, unseen))
    assert state(LabelsUnrelatedToImages, "held-out-images-answered", watched) == expected


def test_a_simple_reader() -> None:
    key = "labels-unreadable"
    read = found("S43", Severity.NOTE, Said("read no better"))
    assert state(LabelsUnrelatedToImages, key, case(answering(), read)) == "present"
    assert state(LabelsUnrelatedToImages, key, case(answering(), clear("S43"))) == "absent"
    assert state(LabelsUnrelatedToImages, key, case(answering())) == "unmeasured"
    # Answers are not counted twice.
    heart = found("S43", evidence=OnlyByHeart(1.0, 0.1, 0.1, 300, 3.0))
    assert state(LabelsUnrelatedToImages, key, case(answering(), heart)) == "unmeasured"


@pytest.mark.parametrize(("roughness", "expected"), [(1.12, "present"), (0.9, "absent")])
def test_white_noise(roughness: float, expected: str) -> None:
    rough = images(roughness=np.array([np.nan, roughness, roughness]))
    watched = case(answering(None, None, rough))
    assert state(LabelsUnrelatedToImages, "images-are-white-noise", watched) == expected


@pytest.mark.parametrize(
    ("training", "moved", "expected"),
    [
        (GUESSED, 0.1, "present"),
        (GUESSED, 0.01, "absent"),
        (ALMOST, 0.1, "present"),
        (recalls(*[0.3] * 10), 0.1, "absent"),
        (LEARNT, 0.1, "unmeasured"),
    ],
)
def test_at_chance_though_weights_move(training: Any, moved: float, expected: str) -> None:
    watched = case(answering(training, None, moving(moved)))
    assert state(LabelsUnrelatedToImages, "at-chance-though-weights-move", watched) == expected


@pytest.mark.parametrize(
    ("highest", "end", "expected"),
    [(2.35, 2.3, "present"), (3.0, 2.3, "absent"), (2.5, 2.5, "absent"), (2.3, 2.0, "unmeasured")],
)
def test_loss_rests_at_that_of_guessing(highest: float, end: float, expected: str) -> None:
    watched = case(answering(GUESSED, train=[*[2.3] * 10, highest, *[end] * 89]))
    assert state(LabelsUnrelatedToImages, "loss-rests-at-that-of-guessing", watched) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.35, "present"), (0.45, "absent")])
def test_some_silent_channels_are_not_amiss(share: float, expected: str) -> None:
    guessed = {("", ImageAnswers, "", Clock.PROBE): [(1000, GUESSED)]}
    stuck = answering(GUESSED, train=[2.3] * 100)
    watched = replace(dead(share, guessed), losses=stuck.losses, facts=stuck.facts)
    watched = replace(watched, statistics={**stuck.statistics, **watched.statistics})
    key = "nothing-else-is-amiss"
    assert state(LabelsUnrelatedToImages, key, case(watched, found("S01"))) == expected


@pytest.mark.parametrize(("unseen", "expected"), [(GUESSED, "present"), (HALF, "absent")])
def test_a_few_known_by_heart_are_nothing_learnt(unseen: Any, expected: str) -> None:
    known = recalls(*[0.3] * 10)
    watched = case(answering(known, unseen, moving(0.1), train=[2.3] * 100))
    assert state(LabelsUnrelatedToImages, "at-chance-though-weights-move", watched) == expected
    amiss = state(LabelsUnrelatedToImages, "nothing-else-is-amiss", watched)
    assert amiss == ("present" if expected == "present" else "unmeasured")


def test_a_lucky_reader_weighs_little() -> None:
    key = "labels-unreadable"
    stuck = case(answering(GUESSED, GUESSED), clear("S43"))
    learnt = case(answering(LEARNT, HALF), clear("S43"))
    assert asked(LabelsUnrelatedToImages, key, stuck).reliability < 0.5
    assert asked(LabelsUnrelatedToImages, key, learnt).reliability == 1


def test_silent_channels_explain_a_recall_at_chance() -> None:
    key = "at-chance-though-weights-move"
    for share, expected in ((0.35, "present"), (0.45, "absent")):
        watched = dead(share, moving(0.1), {("", ImageAnswers, "", Clock.PROBE): [(1000, GUESSED)]})
        assert state(LabelsUnrelatedToImages, key, case(watched)) == expected


@pytest.mark.parametrize(("moved", "expected"), [(0.005, "present"), (0.02, "absent")])
def test_a_rate_too_low_is_told_apart(moved: float, expected: str) -> None:
    watched = case(answering(GUESSED, None, moving(moved)))
    assert state(LabelsUnrelatedToImages, "weights-hardly-moved", watched) == expected


def test_depth_and_initialisation_are_told_apart() -> None:
    key = "signal-lost-before-the-first-step"
    lost = case(answering(), found("S08"), clear("S09"))
    assert state(LabelsUnrelatedToImages, key, lost) == "present"
    assert state(LabelsUnrelatedToImages, key, case(answering(), clear("S08"))) == "absent"
    assert state(LabelsUnrelatedToImages, key, case(answering())) == "unmeasured"


def test_a_network_that_cannot_see_is_told_apart() -> None:
    key = "network-could-not-see-them"
    assert state(LabelsUnrelatedToImages, key, case(answering(), found("S33"))) == "present"
    assert state(LabelsUnrelatedToImages, key, case(answering(), clear("S33"))) == "absent"
    assert state(LabelsUnrelatedToImages, key, case(answering())) == "unmeasured"


def test_sorted_batches_are_told_apart() -> None:
    key = "batches-come-sorted"
    in_order = case(answering(None, None, images(label_entropy=0.2)))
    assert state(LabelsUnrelatedToImages, key, in_order) == "present"
    mixed = case(answering(None, None, images()))
    assert state(LabelsUnrelatedToImages, key, mixed) == "absent"


def test_dead_networks_are_told_apart() -> None:
    key = "network-came-apart"
    assert state(LabelsUnrelatedToImages, key, case(dead(0.9))) == "present"
    assert state(LabelsUnrelatedToImages, key, case(dead(0.1))) == "absent"


def test_is_believed_where_it_holds_alone() -> None:
    heart = answering(LEARNT, GUESSED, moving(0.5), facts={"training_images": 1000})
    assert belief(LabelsUnrelatedToImages, case(heart)) > 0.5
    stuck = answering(GUESSED, None, moving(0.1))
    unread = found("S43", evidence=Said("read no better"))
    assert belief(LabelsUnrelatedToImages, case(stuck, unread, clear("S08"))) > 0.7
    sound = answering(LEARNT, LEARNT, moving(0.5))
    assert belief(LabelsUnrelatedToImages, case(sound, clear("S43"))) < 0.02


@pytest.mark.parametrize("keras", [False, True])
def test_remedies(keras: bool) -> None:
    watched = in_keras(answering()) if keras else answering()
    given = remedies(LabelsUnrelatedToImages, case(watched))
    assert "order" in given[0].code


def masked(telling: int, turned: int) -> Any:
    return {("", MaskFit, "", Clock.INLINE): [(1000, MaskFit(64, telling, turned, 0.3))]}


@pytest.mark.parametrize(
    ("telling", "turned", "expected"),
    [
        (11, 11, "unmeasured"),
        (12, 3, "absent"),
        (12, 4, "present"),
        (64, 0, "absent"),
        (64, 32, "present"),
    ],
)
def test_masks_that_would_fit_turned(telling: int, turned: int, expected: str) -> None:
    watched = case(answering(None, None, masked(telling, turned)))
    assert state(LabelsUnrelatedToImages, "masks-would-fit-turned", watched) == expected


@pytest.mark.parametrize("keras", [False, True])
def test_turned_masks_are_turned_with_their_images(keras: bool) -> None:
    watched = answering(None, None, masked(64, 40))
    about = case(in_keras(watched) if keras else watched)
    assert belief(LabelsUnrelatedToImages, about) > 0.8
    first, *_ = remedies(LabelsUnrelatedToImages, about)
    assert first.title.startswith("Flip and turn each mask with its image")
