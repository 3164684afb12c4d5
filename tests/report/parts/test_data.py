"""The data card: what is known, and what is said not to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from record.samples import statistic
from report import runs
from snellen.record import HELD_OUT, Clock, Entry, RunWriter, Subject
from snellen.record.pictures import png
from snellen.report.parts.data import DataCard, counted, data_card
from snellen.stats import ImageAnswers, ImageAudit, MapSummary, Predictions, Targets

GREY = png(np.zeros((2, 2)), 0.0, 1.0)
Told = Mapping[tuple[str, Clock], Any]


def subject_of(told: Told, **facts: Any) -> Subject:
    """What is told of the model as a whole, by `statistic/part` and clock."""
    statistics = {("", key, clock): (Entry(1, value),) for (key, clock), value in told.items()}
    return Subject("Net", "torch", facts, (), (), {}, statistics)


def card(tmp_path: Path, told: Told, pictured: tuple[int, ...] = (), **facts: Any) -> DataCard:
    path = tmp_path / "run.snellen"
    with RunWriter.create(path, {}) as writer:
        number = writer.add_subject("Net", "torch", {})
        for image in pictured:
            writer.add_thumbnail(number, "", 1, image, 0, 0.0, 1.0, GREY)
        writer.add_thumbnail(number, "conv1", 1, 77, 0, 0.0, 1.0, GREY)
    findings = [
        runs.finding("", "x", code="S42"),
        runs.finding("", "x", code="S01"),
        runs.finding("", "x", code="S42", subject="Other"),
    ]
    return data_card(subject_of(told, **facts), findings, frozenset({"S42"}), path)


def test_nothing_known_is_nothing_said(tmp_path: Path) -> None:
    found = card(tmp_path, {})
    assert (found.kind, found.classes, found.ranges, found.facts) == ("none", (), (), ())
    assert (found.suspects, found.pictures.images) == ((), ())
    assert counted(found) == "No labels were seen"


def test_only_findings_of_the_data_stand_beside_it(tmp_path: Path) -> None:
    assert [(f.code, f.place.subject) for f in card(tmp_path, {}).findings] == [("S42", "Net")]


def predictions(right: list[int], present: list[int]) -> Predictions:
    seen = statistic(Predictions)
    assert isinstance(seen, Predictions)
    return replace(seen, right=np.array(right), present=np.array(present))


def test_classes_have_their_labels_and_how_they_are_answered(tmp_path: Path) -> None:
    targets = Targets.of_classes(np.array([0, 0, 2]), 3)
    found = card(
        tmp_path,
        {
            ("targets/", Clock.INLINE): targets,
            ("predictions/", Clock.PROBE): predictions([1, 0, 0], [4, 0, 2]),
            (f"predictions/{HELD_OUT}", Clock.PROBE): predictions([1, 1, 1], [1, 1, 2]),
        },
    )
    assert [(c.labels, c.recall, c.held_out_recall) for c in found.classes] == [
        (2, 0.25, 1.0),
        (0, None, 1.0),
        (1, 0.0, 0.5),
    ]
    assert counted(found) == "3 labels of 3 classes seen"


def test_ranges_are_per_channel(tmp_path: Path) -> None:
    maps = replace(
        runs.summary(2, images=1), sum=np.array([64.0, 128.0]), squares=np.array([64.0, 640.0])
    )
    found = card(tmp_path, {("map/input", Clock.INLINE): maps}).ranges
    assert [(r.channel, r.low, r.high, r.mean) for r in found] == [(0, 0, 1, 1), (1, 0, 1, 2)]
    assert [r.deviation for r in found] == pytest.approx([0, np.sqrt(6)])


@pytest.mark.parametrize(("copies", "said"), [(-1, "not known"), (0, "0"), (3, "3 (30%)")])
def test_what_was_not_counted_is_no_zero(tmp_path: Path, copies: int, said: str) -> None:
    audit = statistic(ImageAudit)
    assert isinstance(audit, ImageAudit)
    told = {("image-audit/", Clock.INLINE): replace(audit, images=10, duplicates=copies)}
    facts = {fact.label: fact.value for fact in card(tmp_path, told).facts}
    assert facts["Exact copies of an earlier image"] == said


def test_suspects_are_pictured_images_answered_otherwise_the_surest_first(tmp_path: Path) -> None:
    answers = ImageAnswers(
        label=np.array([0, 1, 2, 1, -1]),
        chosen=np.array([0, 2, 1, 0, 3]),
        probability=np.array([0.9, 0.2, 0.1, 0.0, np.nan], np.float32),
        runner_up=np.array([0.1, 0.5, 0.9, 1.0, np.nan], np.float32),
    )
    told = {("image-answers/", Clock.PROBE): answers}
    # Image 3 has no picture, image 4 no label, image 0 is answered as labelled, 9 is no image.
    found = card(tmp_path, told, pictured=(0, 1, 2, 4, 9)).suspects
    assert [(s.image, s.label, s.answer) for s in found] == [(2, 2, 1), (1, 1, 2)]


def test_the_facts_of_the_script_are_told_as_far_as_they_are_known(tmp_path: Path) -> None:
    found = card(tmp_path, {}, image_shape=[3, 32, 32], batch_size=None, training_images=100)
    assert [(f.label, f.value) for f in found.facts] == [
        ("One image", "3 × 32 × 32 (channels first)"),
        ("Training images", "100"),
    ]


def test_the_range_of_a_layer_is_not_that_of_the_images(tmp_path: Path) -> None:
    told = {("map/input", Clock.PROBE): runs.summary(1)}
    assert isinstance(told["map/input", Clock.PROBE], MapSummary)
    assert card(tmp_path, told).ranges == ()


@pytest.mark.parametrize(
    ("targets", "labels", "said"),
    [
        (
            Targets.of_indicators(np.array([[1, 0], [1, 1]])),
            [2, 1],
            "3 answers of yes of 2 outputs seen",
        ),
        (
            Targets.of_classes(np.array([[[0, 1], [1, 1]]])),
            [1, 3],
            "4 labelled positions of 2 classes seen",
        ),
        (Targets.of_values(np.array([[0.5], [1.5]])), [], "Labels: regression"),
    ],
)
def test_other_labels_are_counted_but_not_answered_class_by_class(
    tmp_path: Path, targets: Targets, labels: list[int], said: str
) -> None:
    told = {
        ("targets/", Clock.INLINE): targets,
        ("predictions/", Clock.PROBE): predictions([1, 1, 1], [1, 1, 1]),
    }
    found = card(tmp_path, told)
    assert [(c.labels, c.recall) for c in found.classes] == [(n, None) for n in labels]
    assert counted(found) == said
