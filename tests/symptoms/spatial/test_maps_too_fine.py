"""S34: dense layers on fine maps that learn training images by heart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snellen.core import Window
from snellen.record import Subject
from snellen.symptoms.spatial.maps_too_fine import MapsTooFine
from symptoms.build import UNHARMED, answers, grade, sentence, subject
from symptoms.geometric import FLATTEN, GLOBAL, max_pool, network, seen, sliding

FINE = [sliding(3), sliding(3)]


def flattened(
    weights: int,
    known: float | None = None,
    unknown: float | None = None,
    *,
    steps: list[Window] | None = None,
    image: int = 32,
    last: Window = FLATTEN,
    facts: dict[str, Any] | None = None,
) -> Subject:
    """100 training images, a dense layer of so many weights, shares of 200 images answered
    rightly."""
    history: dict[Any, Any] = {}
    for part, share in (("", known), ("held-out", unknown)):
        if share is not None:
            right = round(100 * share)
            history |= seen("", answers([100, 100], [right, right], [100, 100]), part)
    watched = network(
        image,
        *(FINE if steps is None else steps),
        last=last,
        history=history,
        facts={"training_images": 100} | (facts or {}),
    )
    *before, final = watched.layers
    return replace(watched, layers=(*before, replace(final, weight_shape=(10, weights // 10))))


@pytest.mark.parametrize(
    ("weights", "known", "unknown", "expected"),
    [
        pytest.param(10_010, 1.0, 0.8, "warning", id="101 weights for each, and a gap"),
        pytest.param(10_000, 1.0, 0.8, "clear", id="100 weights for each"),
        pytest.param(90_000, 1.0, 0.92, "clear", id="no gap"),
        pytest.param(90_000, 0.6, 0.53, "clear", id="a gap within the error"),
        pytest.param(90_000, None, None, "clear", id="900 for each, not measured"),
        pytest.param(100_010, None, None, "warning", id="1000 for each, not measured"),
    ],
)
def test_needs_weights_and_learning_by_heart(
    weights: int, known: float | None, unknown: float | None, expected: str
) -> None:
    assert grade(MapsTooFine(), flattened(weights, known, unknown), "head") == expected


@pytest.mark.parametrize(
    ("known", "unknown", "expected"),
    [(1.0, 0.82, "note"), (1.0, 0.78, "warning"), (None, None, "note")],
)
def test_what_holds_for_no_other_image_is_harm_itself(
    known: float | None, unknown: float | None, expected: str
) -> None:
    assert grade(MapsTooFine(), flattened(500_000, known, unknown), "head", UNHARMED) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"steps": [sliding(3), max_pool()]}, "warning", id="halved once"),
        pytest.param({"steps": [sliding(3), max_pool(4)]}, "clear", id="quartered"),
        pytest.param({"image": 28}, "silent", id="a small image"),
        pytest.param({"last": GLOBAL}, "silent", id="a mean over positions"),
        pytest.param({"facts": {"training_images": None}}, "silent", id="images not counted"),
    ],
)
def test_structure(changes: dict[str, Any], expected: str) -> None:
    assert grade(MapsTooFine(), flattened(500_000, 1.0, 0.5, **changes), "head") == expected


def test_sentence() -> None:
    assert sentence(MapsTooFine(), flattened(500_000, 1.0, 0.5)) == (
        "a dense layer reads all 32×32 positions by itself: 5000 weights for each training image "
        "(allowed: 100); 100% of training images are answered rightly, 50% of held-out ones"
    )


def test_without_a_structure_nothing_is_said() -> None:
    assert grade(MapsTooFine(), subject(facts={"training_images": 100}), "") == "silent"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"probe": {"whole_training_set": True, "images": 90}}, "warning", id="probe"),
        pytest.param({"batch_size": 20, "steps_per_epoch": 5}, "warning", id="batches"),
        pytest.param({"batch_size": 20}, "silent", id="unknown"),
    ],
)
def test_images_may_be_counted(facts: dict[str, Any], expected: str) -> None:
    unknown = {"training_images": None, "steps_per_epoch": None}
    watched = flattened(500_000, 1.0, 0.5, facts=unknown | facts)
    assert grade(MapsTooFine(), watched, "head") == expected
