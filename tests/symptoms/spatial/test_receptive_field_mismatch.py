"""S31: maps that see too little to be averaged, and layers that can see nothing new."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import Features, ImageAnswers
from snellen.symptoms.spatial.receptive_field_mismatch import ReceptiveFieldMismatch
from symptoms.build import UNHARMED, finding, grade, sentence, subject
from symptoms.geometric import FLATTEN, UNKNOWN, effective_field, network, seen, sliding
from symptoms.richer import class_features, image_answers

LABELS = np.arange(200) % 4


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param(5, "warning", id="11 of 64 pixels"),
        pytest.param(6, "clear", id="13 of 64 pixels"),
        pytest.param(1, "warning", id="3 of 64 pixels"),
    ],
)
def test_both_sides_of_a_fifth_of_the_image(layers: int, expected: str) -> None:
    watched = network(64, *[sliding(3)] * layers)
    assert grade(ReceptiveFieldMismatch(), watched, f"conv{layers - 1}") == expected


def test_a_texture_network_that_works_gets_advice() -> None:
    watched = network(64, sliding(3), sliding(1))
    assert grade(ReceptiveFieldMismatch(), watched, "conv1", UNHARMED) == "note"


def test_a_dense_layer_on_flattened_maps_sees_everything() -> None:
    watched = network(64, sliding(3), last=FLATTEN)
    assert grade(ReceptiveFieldMismatch(), watched, "conv0") == "silent"


def test_sentence_holds_both_what_was_computed_and_measured() -> None:
    watched = network(64, sliding(3), sliding(3), history=seen("conv1", effective_field(4)))
    assert sentence(ReceptiveFieldMismatch(), watched) == (
        "a position of the last maps sees 5 of 64 pixels along a side, and 4 of them have influence"
        " (allowed: at least 20%); the pooling behind it does not know what lies where"
    )


def deep(
    before: float, after: float, *, image: int = 8, layers: int = 10, **changes: Any
) -> Subject:
    """A chain on a small image; classes lie so far apart in its first and last wide layers."""
    history: dict[Any, Any] = seen("", image_answers(LABELS))
    for i in range(layers):
        apart = before if i < layers - 1 else after
        history |= seen(f"conv{i}", class_features(LABELS, apart=apart, seed=i), "post")
    return network(image, *[sliding(3)] * layers, last=FLATTEN, history=history, **changes)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(6, 6, "clear", id="nothing lost"),
        pytest.param(6, 0, "warning", id="all lost"),
        pytest.param(0, 6, "clear", id="they did work"),
    ],
)
def test_layers_that_see_everything_may_not_lose_the_classes(
    before: float, after: float, expected: str
) -> None:
    assert grade(ReceptiveFieldMismatch(), deep(before, after), "conv9") == expected


def test_the_border_layer_is_named() -> None:
    evidence = finding(ReceptiveFieldMismatch(), deep(6, 0)).evidence
    # 3, 5, 7, 9: the fourth sees all 8 pixels.
    assert evidence.sentence().startswith("6 convolutions follow conv3, which sees the whole image")


@pytest.mark.parametrize(("layers", "expected"), [(6, "silent"), (7, "warning")])
def test_two_more_are_common(layers: int, expected: str) -> None:
    watched = deep(6, 0, layers=layers)
    assert grade(ReceptiveFieldMismatch(), watched, f"conv{layers - 1}") == expected


def test_too_large_needs_features_of_the_same_images() -> None:
    watched = network(8, *[sliding(3)] * 10, last=FLATTEN)
    assert grade(ReceptiveFieldMismatch(), watched, "conv9") == "undecided"
    history = seen("", image_answers(LABELS[:50]))
    history |= seen("conv3", class_features(LABELS), "post")
    history |= seen("conv9", class_features(LABELS), "post")
    watched = network(8, *[sliding(3)] * 10, last=FLATTEN, history=history)
    assert grade(ReceptiveFieldMismatch(), watched, "conv9") == "undecided"


def test_unknown_structure_is_not_judged() -> None:
    assert grade(ReceptiveFieldMismatch(), network(64, UNKNOWN, sliding(3)), "conv0") == "silent"
    assert grade(ReceptiveFieldMismatch(), subject(), "") == "silent"


def test_reads_features_and_answers() -> None:
    assert {Features, ImageAnswers} < set(ReceptiveFieldMismatch.reads)
