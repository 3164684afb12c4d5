"""S55: a training set too small for what it should teach."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import ImageAnswers
from snellen.symptoms.data.too_few_images import TooFewImages
from symptoms.build import UNHARMED, grade, head, labels, sentence, subject, values
from symptoms.data_builders import answering, recalls

KNOWN, WORSE, ALIKE = (recalls(*[share] * 10) for share in (1.0, 0.7, 0.95))
# 16 and 14 points below what is known.
WIDE, NARROW = (recalls(*[share] * 10, each=50) for share in (0.84, 0.86))


def trained_on(
    images: int, training: ImageAnswers | None = KNOWN, held_out: ImageAnswers | None = WORSE,
    **changes: Any,
) -> Subject:  # fmt: skip
    return answering(
        training,
        held_out,
        targets=labels(*[images // 10] * 10),
        facts={"training_images": images} | changes,
    )


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        pytest.param(trained_on(100), "warning", id="ten of each class"),
        pytest.param(trained_on(500), "warning", id="50 of each class"),
        pytest.param(trained_on(510), "clear", id="51 of each class"),
        pytest.param(trained_on(200, held_out=WIDE), "warning", id="20 of each class"),
        pytest.param(trained_on(200, held_out=NARROW), "clear", id="20 of each class, enough"),
        pytest.param(trained_on(210, held_out=WIDE), "clear", id="21 of each class, enough"),
        pytest.param(trained_on(100, held_out=ALIKE), "clear", id="enough, as it turns out"),
        pytest.param(trained_on(100, WORSE, WORSE), "clear", id="no better on training images"),
        pytest.param(trained_on(100, held_out=recalls(*[0.5] * 10, each=2)), "note", id="few"),
        pytest.param(trained_on(100, held_out=None), "note", id="nothing held out"),
        pytest.param(trained_on(110, held_out=None), "clear", id="eleven of each, none held out"),
        pytest.param(
            trained_on(100, held_out=None, loaded_weights=True), "clear", id="fine-tuning"
        ),
    ],
)
def test_both_sides_of_each_limit(watched: Subject, expected: str) -> None:
    assert grade(TooFewImages(), watched, "", UNHARMED) == expected


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"images": 100, "whole_training_set": True}, "warning"),
        ({"images": 100, "whole_training_set": False}, "undecided"),
        (None, "undecided"),
    ],
)
def test_the_probe_may_tell_how_many_there_are(probe: Any, expected: str) -> None:
    watched = trained_on(100, training_images=None, probe=probe)
    assert grade(TooFewImages(), watched, "", UNHARMED) == expected


def test_sentences() -> None:
    assert sentence(TooFewImages(), trained_on(100)) == (
        "the training has 100 images, 10 for each of 10 classes (allowed: at least 50 for each); "
        "macro recall is 1.00 on them and 0.69 on 320 held-out images"
    )
    assert sentence(TooFewImages(), trained_on(100, held_out=None)) == (
        "the training has 100 images, 10 for each of 10 classes (allowed: at least 10 for each); "
        "no held-out image shows what was learnt from them"
    )


def test_other_labels_and_networks() -> None:
    few = {"training_images": 30}
    assert grade(TooFewImages(), answering(targets=values(1.0), facts=few), "") == "clear"
    assert grade(TooFewImages(), subject(head()), "") == "silent"
