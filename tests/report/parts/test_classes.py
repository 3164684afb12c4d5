"""Which channels answer to which classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from report import runs
from snellen.record import Clock, Entry, Subject
from snellen.report.parts.classes import class_activity
from snellen.stats import ClassResponse

LAYER = runs.layer("conv1", 0, 3)


def subject_of(images: list[int], magnitudes: list[list[float]]) -> Subject:
    values = np.array(magnitudes, np.float64)
    response = ClassResponse(np.array(images), values, values, values)
    subject = runs.subject([LAYER])
    key = ("conv1", "class-response/post", Clock.PROBE)
    return replace(subject, statistics={**subject.statistics, key: (Entry(9, response),)})


def test_means_are_over_the_images_of_each_class() -> None:
    found = class_activity(subject_of([2, 4], [[2, 0, 0], [8, 2, 0]]), LAYER)
    assert found is not None
    assert found.step == 9
    assert found.magnitude.tolist() == [[1, 0, 0], [2, 0.5, 0]]
    assert found.relative.tolist() == [[0.5, 0, 0], [1, 1, 0]]


def test_silent_is_a_channel_that_answers_to_other_classes_alone() -> None:
    found = class_activity(subject_of([2, 4], [[2, 0, 0], [8, 2, 0]]), LAYER)
    assert found is not None
    # The last channel is dead: that is not a matter of classes.
    assert found.silent.tolist() == [[False, True, False], [False, False, False]]


def test_a_class_without_images_is_not_called_silent() -> None:
    found = class_activity(subject_of([2, 0], [[2, 2, 2], [0, 0, 0]]), LAYER)
    assert found is not None
    assert np.isnan(found.magnitude[1]).all()
    assert not found.silent.any()


def test_without_classes_there_is_nothing() -> None:
    assert class_activity(runs.subject([LAYER]), LAYER) is None
    assert class_activity(subject_of([0, 0], [[0, 0, 0], [0, 0, 0]]), LAYER) is None
